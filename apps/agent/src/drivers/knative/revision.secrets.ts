import { TowpathError, kubernetesName, parseImageReference } from '#libs/domain';
import type { Id, PinnedSidecar, Target, TargetRevision } from '#libs/domain';
import type { KubeObject } from '#libs/kube';
import type { OpenSecret, ResolvedEnv } from '../driver.js';
import {
  LABELS,
  environmentSecretOf,
  fileKey,
  filesSecretOf,
  namespaceOf,
  pullSecretOf,
} from './knative.names.js';

/** What opens the secrets of a target. */
export interface Opened {
  env: ResolvedEnv;
  open: OpenSecret;
}

/** The opened Secrets that a revision's instances read; a revision never changes, so neither do they. */
export async function revisionSecrets(
  target: Target,
  revision: TargetRevision,
  opened: Opened,
): Promise<KubeObject[]> {
  const found = [
    await environment(target, revision, opened),
    await files(target, revision, filesSecretOf(revision.id), opened),
    await pullCredentials(target, revision, pullSecretOf(revision.id), opened),
    ...(await sidecarSecrets(target, revision, opened)),
  ];
  return found.filter((secret) => secret !== undefined);
}

async function environment(
  target: Target,
  revision: TargetRevision,
  { env }: Opened,
): Promise<KubeObject | undefined> {
  const names = revision.env.filter((entry) => !('value' in entry)).map(({ name }) => name);
  if (names.length === 0) return undefined;
  const values = await env(revision.id);
  const data = Object.fromEntries(names.map((name) => [name, base64(values[name] ?? '')]));
  return secretManifest(target, environmentSecretOf(revision.id), { data });
}

async function files(
  target: Target,
  { files: named = [] }: Pick<TargetRevision, 'files'>,
  name: string,
  { open }: Opened,
): Promise<KubeObject | undefined> {
  if (named.length === 0) return undefined;
  const data: Record<string, string> = {};
  for (const [index, { path, secret }] of named.entries())
    data[fileKey(index)] = Buffer.from(await open(secret, `the file ${path}`)).toString('base64');
  return secretManifest(target, name, { data });
}

async function sidecarSecrets(
  target: Target,
  { id, sidecars = [] }: TargetRevision,
  opened: Opened,
): Promise<(KubeObject | undefined)[]> {
  const found: (KubeObject | undefined)[] = [];
  for (const sidecar of sidecars) {
    found.push(await sidecarEnvironment(target, id, sidecar, opened));
    found.push(await files(target, sidecar, filesSecretOf(id, sidecar.name), opened));
    found.push(await pullCredentials(target, sidecar, pullSecretOf(id, sidecar.name), opened));
  }
  return found;
}

async function sidecarEnvironment(
  target: Target,
  id: Id<'rev'>,
  { name: sidecar, env }: PinnedSidecar,
  { open }: Opened,
): Promise<KubeObject | undefined> {
  const data: Record<string, string> = {};
  for (const entry of env) {
    if ('value' in entry) continue;
    const value = await open(entry.secret, `the variable ${entry.name} of ${sidecar}`);
    data[entry.name] = Buffer.from(value).toString('base64');
  }
  return Object.keys(data).length === 0
    ? undefined
    : secretManifest(target, environmentSecretOf(id, sidecar), { data });
}

async function pullCredentials(
  target: Target,
  { image, pullSecret }: Pick<TargetRevision, 'image' | 'pullSecret'>,
  name: string,
  { open }: Opened,
): Promise<KubeObject | undefined> {
  const registry = image === undefined ? undefined : parseImageReference(image)?.registry;
  if (registry === undefined || pullSecret === undefined) return undefined;
  const credentials = new TextDecoder().decode(await open(pullSecret, 'the registry')).trim();
  const colon = credentials.indexOf(':');
  if (colon < 1) {
    throw new TowpathError('FAILED_PRECONDITION', 'The secret for the registry is not user:password.', {
      nextStep: 'Add a version of the form user:password and deploy again.',
    });
  }
  const [username, password] = [credentials.slice(0, colon), credentials.slice(colon + 1)];
  const config = { auths: { [registry]: { username, password, auth: base64(credentials) } } };
  return secretManifest(target, name, {
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(JSON.stringify(config)) },
  });
}

function secretManifest(
  { clusterId, projectId, service }: Target,
  name: string,
  more: { type?: string; data: Record<string, string> },
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: namespaceOf(projectId),
      labels: { [LABELS.owner]: kubernetesName(clusterId), [LABELS.service]: kubernetesName(service.id) },
    },
    immutable: true,
    ...more,
  };
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
