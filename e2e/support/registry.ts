import { createHash } from 'node:crypto';
import { clusterUnderTest } from './kubectl.js';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const REPOSITORY = 'runtime/node';

interface Manifest {
  config: { digest: string; size: number };
}

/** Pushes the image of the test bed once more, as that of another user; resolves with its reference. */
export async function imageOfUser(user: string): Promise<string> {
  const { registry } = clusterUnderTest();
  const manifest = (await (await ask('GET', 'manifests/local')).json()) as Manifest;
  const config = (await (await ask('GET', `blobs/${manifest.config.digest}`)).json()) as { config: object };
  const bytes = Buffer.from(JSON.stringify({ ...config, config: { ...config.config, User: user } }));
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const begun = await ask('POST', 'blobs/uploads/');
  const upload = new URL(begun.headers.get('location') ?? '', `http://${registry.address}`);
  upload.searchParams.set('digest', digest);
  await ask('PUT', upload, bytes, 'application/octet-stream');
  const changed = { ...manifest, config: { ...manifest.config, digest, size: bytes.length } };
  const tag = `user-${user === '' ? 'none' : user}`;
  await ask('PUT', `manifests/${tag}`, Buffer.from(JSON.stringify(changed)), MANIFEST);
  return `${registry.address}/${REPOSITORY}:${tag}`;
}

async function ask(
  method: string,
  at: string | URL,
  body?: Buffer<ArrayBuffer>,
  type = 'application/json',
): Promise<Response> {
  const { address, username, password } = clusterUnderTest().registry;
  const url = typeof at === 'string' ? `http://${address}/v2/${REPOSITORY}/${at}` : at;
  const answer = await fetch(url, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      accept: MANIFEST,
      ...(body === undefined ? {} : { 'content-type': type }),
    },
    ...(body === undefined ? {} : { body }),
  });
  if (!answer.ok) throw new Error(`${method} ${String(url)}: ${answer.status} ${await answer.text()}`);
  return answer;
}
