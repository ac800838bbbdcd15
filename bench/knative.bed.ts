/** A tenant of a platform with a real cluster, its services, and services that are made by hand beside them. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import type { KubeObject } from '#libs/kube';
import { clusterUnderTest, kubeGet, kubectl, namespaceOfService } from '../e2e/support/kubectl.js';
import { Tenant } from '../e2e/support/tenant.js';
import { until } from '../e2e/support/until.js';

/** It ends at once when it is asked to: as process 1 it would wait for its whole grace. */
const PROGRAM = `process.on('SIGTERM', () => process.exit());
require('node:http').createServer((_q, r) => r.end('ok')).listen(process.env.PORT)`;
export const SERVICE = 'services.serving.knative.dev';
const PULL = 'registry';
const READY_MS = 120_000;

/** Knative's object with its whole spec. */
export interface Knative extends KubeObject {
  spec: {
    template: {
      metadata: { name?: string; annotations?: Record<string, string>; labels?: Record<string, string> };
      spec: Record<string, unknown>;
    };
    traffic?: unknown;
  };
  status?: { url?: string };
}

export class KnativeBed {
  private readonly folder = path.join(tmpdir(), `towpath-bench-${randomBytes(4).toString('hex')}`);

  private constructor(
    readonly tenant: Tenant,
    private readonly image: string,
    /** Where services are that are made by hand with nothing of Towpath around them. */
    readonly plainNamespace: string,
  ) {}

  static async start(): Promise<KnativeBed> {
    const { registry } = clusterUnderTest();
    const tenant = await Tenant.create('bench');
    const value = `${registry.username}:${registry.password}`;
    await tenant.api.ok('POST', `/v1/projects/${tenant.project}/secrets`, { name: PULL, value });
    const plain = `plain-${tenant.project}`;
    const bed = new KnativeBed(tenant, `${registry.address}/runtime/node:local`, plain);
    await kubectl('create', 'namespace', plain);
    await kubectl(
      ...['create', 'secret', 'docker-registry', PULL, '-n', plain, '--docker-server', registry.address],
      ...['--docker-username', registry.username, '--docker-password', registry.password],
    );
    return bed;
  }

  async stop(): Promise<void> {
    await kubectl('delete', 'namespace', this.plainNamespace, '--wait=false');
    rmSync(`${this.folder}.json`, { force: true });
  }

  /** Deploys a service as a customer does, and waits for the end of its operation. */
  async deploy(name: string, more: Record<string, unknown> = {}): Promise<void> {
    const template = { image: this.image, pullSecret: { name: PULL }, command: ['node', '-e', PROGRAM] };
    const body = { name, access: 'public', template, ...more };
    const operation = await this.tenant.api.change(
      'POST',
      `/v1/projects/${this.tenant.project}/services`,
      body,
    );
    if (operation.status !== 'succeeded') throw new Error(`deploy of ${name}: ${JSON.stringify(operation)}`);
  }

  /** The object that the agent made of a service. */
  async objectOf(name: string): Promise<Knative> {
    const { id } = await this.tenant.service(name);
    return kubeGet<Knative>(SERVICE, name, '-n', await namespaceOfService(id));
  }

  /** `kubectl apply` and its wait. */
  async apply(object: Knative): Promise<void> {
    const { name, namespace = '' } = object.metadata;
    writeFileSync(`${this.folder}.json`, JSON.stringify(object));
    await kubectl('apply', '-f', `${this.folder}.json`);
    await kubectl(
      'wait',
      `${SERVICE}/${name}`,
      '-n',
      namespace,
      '--for=condition=Ready',
      `--timeout=${READY_MS}ms`,
    );
  }

  /** A service as Knative's own pages show one: an image, and nothing else that could be left out. */
  plain(name: string, annotations: Record<string, string> = {}): Knative {
    const container = { image: this.image, command: ['node', '-e', PROGRAM] };
    const spec = { imagePullSecrets: [{ name: PULL }], containers: [container] };
    return {
      ...{ apiVersion: 'serving.knative.dev/v1', kind: 'Service' },
      metadata: { name, namespace: this.plainNamespace },
      spec: { template: { metadata: { annotations }, spec } },
    };
  }

  /** Resolves when no Knative Service has a pod, not even one that ends. */
  async allSleep(): Promise<void> {
    await until('all to sleep', READY_MS, async () => {
      const { items } = await kubeGet<{ items: KubeObject[] }>(
        ...['pods', '--all-namespaces', '-l', 'serving.knative.dev/service'],
      );
      return items.length === 0;
    });
  }
}

/** The host by which the ingress knows a Knative Service. */
export async function hostOf({ metadata }: Knative): Promise<string> {
  const namespace = metadata.namespace ?? '';
  return until(`the host of ${metadata.name}`, READY_MS, async () => {
    const { status } = await kubeGet<Knative>(SERVICE, metadata.name, '-n', namespace);
    return status?.url !== undefined && new URL(status.url).host;
  });
}
