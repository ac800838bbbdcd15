import { writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  BILLING_CONSUMER,
  ROUTES_BUCKET,
  STREAMS,
  decode,
  ensureGatewayTopology,
  ensureHubTopology,
  gatewayPermissions,
  routeKey,
  routeSchema,
  usageBatchSchema,
  type Follower,
} from '#libs/bus';
import type { Route, UsageRecord } from '#libs/domain';
import { Health, Metrics, createLogger, loadConfig, systemClock, systemRandom } from '#libs/process';
import {
  freePorts,
  startEnvoy,
  temporaryFolder,
  testNats,
  type TestAuthority,
  type TestEnvoy,
  type TestNats,
} from '#libs/testing';
import { gatewayConfig } from '../config.js';
import { Gateway } from '../gateway.js';
import { startIngress, type TestIngress } from './ingress.js';
import { CuttableWire, gatewayEnvironment, startJoining, type Closable } from './lab.js';

/** The gateway of every lab. */
export const GATEWAY = 'gw_00000000000000000001' as const;

/** A gateway's process with its real Envoy, a real nats-server and one ingress; its wire to the hub can be cut. */
export class GatewayLab {
  /** Every record of usage that was stored. */
  readonly records: UsageRecord[] = [];
  /** Of the process that runs, or ran last. */
  health = new Health();
  private metrics = new Metrics();
  private gateway: Gateway | undefined;
  private envoy: TestEnvoy | undefined;

  private constructor(
    readonly nats: TestNats,
    readonly wire: CuttableWire,
    readonly ingress: TestIngress,
    readonly ports: { listen: number; xds: number; admin: number; tls: number },
    private readonly folder: ReturnType<typeof temporaryFolder>,
    private readonly identity: Closable,
    private readonly billing: Follower,
    private readonly hasTls: boolean,
  ) {}

  /** @param authority issues the gateway's certificates; without it there is no HTTPS */
  static async start(authority?: TestAuthority): Promise<GatewayLab> {
    const [listen, xds, admin, tls] = (await freePorts(4)) as [number, number, number, number];
    const nats = await testNats();
    await ensureHubTopology(nats.bus);
    await ensureGatewayTopology(nats.bus, GATEWAY);
    const wire = new CuttableWire(new URL(nats.url));
    const creds = await nats.credentials(GATEWAY, gatewayPermissions(GATEWAY));
    const identity = await startJoining(creds, GATEWAY, await wire.open(), authority);
    const folder = temporaryFolder();
    writeFileSync(path.join(folder.path, 'token'), 'once');
    const billing = nats.bus.follow(STREAMS.usage, BILLING_CONSUMER, ({ data }) => {
      lab.records.push(...(decode(usageBatchSchema, data).records as UsageRecord[]));
      return Promise.resolve();
    });
    const ports = { listen, xds, admin, tls };
    const ingress = await startIngress();
    const lab = new GatewayLab(
      nats,
      wire,
      ingress,
      ports,
      folder,
      identity,
      billing,
      authority !== undefined,
    );
    await lab.startGateway();
    await lab.startEnvoy();
    return lab;
  }

  async stop(): Promise<void> {
    await this.stopGateway();
    await this.stopEnvoy();
    await this.billing.stop();
    await this.ingress.close();
    await this.identity.close();
    await this.wire.close();
    await this.nats.release();
    this.folder.remove();
  }

  /** @param more settings beside the usual ones */
  async startGateway(more: Record<string, string> = {}): Promise<void> {
    [this.health, this.metrics] = [new Health(), new Metrics()];
    const { tls, ...plain } = this.ports;
    const ports = this.hasTls ? { ...plain, tls } : plain;
    const environment = { ...gatewayEnvironment(this.folder.path, ports, this.identity.url), ...more };
    this.gateway = await Gateway.start(loadConfig(gatewayConfig, environment), {
      ...{ clock: systemClock, random: systemRandom, health: this.health, metrics: this.metrics },
      logger: createLogger('gateway', process.env['TEST_LOG'] ?? 'silent'),
    });
  }

  async stopGateway(): Promise<void> {
    await this.gateway?.beforeApplicationShutdown();
    await this.gateway?.onApplicationShutdown();
  }

  async startEnvoy(): Promise<void> {
    const bootstrap = this.file('envoy.json');
    this.envoy = startEnvoy({ bootstrap, adminPort: this.ports.admin, concurrency: 2 });
    await this.envoy.ready();
  }

  async stopEnvoy(): Promise<void> {
    await this.envoy?.stop();
  }

  /** As the hub shows gateways a route; gives its sequence. */
  show(route: Route): Promise<number> {
    return this.nats.bus.putKey(ROUTES_BUCKET, routeKey(route.host), routeSchema, route);
  }

  /** A counter of the process, over all its labels. */
  async metric(name: string): Promise<number> {
    const { values } = (await this.metrics.registry.getSingleMetric(name)?.get()) ?? { values: [] };
    return values.reduce((sum, { value }) => sum + value, 0);
  }

  /** A file of the process or of Envoy. */
  file(...names: string[]): string {
    return path.join(this.folder.path, ...names);
  }
}
