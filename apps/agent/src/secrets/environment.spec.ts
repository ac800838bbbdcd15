import { readdirSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CompactEncrypt, importJWK } from 'jose';
import type { Id, Target, TargetRevision } from '#libs/domain';
import { createLogger } from '#libs/process';
import { SteppedClock, temporaryFolder, type TemporaryFolder } from '#libs/testing';
import { loadAgentKeys, type AgentKeys } from '../join/agent.keys.js';
import { Environments } from './environment.js';
import { SealedStore } from './sealed.store.js';

const SECRET: Id<'sec'> = 'sec_00000000000000000001';
const CANARY = 'canary-3f9b1c';
const revision: TargetRevision = {
  id: 'rev_00000000000000000001',
  name: 'hello-00001',
  host: 'hello-00001.local',
  imageDigest: `sha256:${'0'.repeat(64)}`,
  env: [
    { name: 'PLAIN', value: 'plain' },
    { name: 'TOKEN', secret: { id: SECRET, version: 2 } },
  ],
  resources: { cpuMillis: 1000, memoryMiB: 512 },
  concurrency: 80,
  timeoutSeconds: 300,
  minInstances: 0,
  maxInstances: 1,
  port: 8080,
  protocol: 'http1',
};

describe('Environments', () => {
  let folder: TemporaryFolder;
  let keys: AgentKeys;
  let sealed: SealedStore;
  const logger = createLogger('test', 'silent');
  const clock = new SteppedClock();
  const seal = async (to: AgentKeys, alg = 'ECDH-ES+A256KW'): Promise<string> =>
    new CompactEncrypt(Buffer.from(CANARY))
      .setProtectedHeader({ alg, enc: 'A256GCM' })
      .encrypt(await importJWK({ ...to.publicJwk }, alg));
  const put = (jwe: string): Promise<void> =>
    sealed.put({ schemaVersion: 1, secretId: SECRET, version: 2, jwe });
  beforeEach(async () => {
    folder = temporaryFolder();
    keys = await loadAgentKeys(folder.path);
    sealed = await SealedStore.open(folder.path, clock, logger);
  });
  afterEach(() => folder.remove());

  it.each(['ECDH-ES+A256KW', 'ECDH-ES'])(
    'opens what was sealed to its public key by %s, after a restart too',
    async (alg) => {
      const environments = new Environments(sealed, keys.privateKey);
      expect(environments.complete(revision)).toBe(false);
      await put(await seal(keys, alg));
      expect(environments.complete(revision)).toBe(true);
      const again = await loadAgentKeys(folder.path);
      expect(again.publicJwk).toEqual(keys.publicJwk);
      const restarted = new Environments(
        await SealedStore.open(folder.path, clock, logger),
        again.privateKey,
      );
      expect(await restarted.open(revision)).toEqual({ PLAIN: 'plain', TOKEN: CANARY });
    },
  );

  it('names the variable, and nothing else, when it cannot open a secret', async () => {
    const other = temporaryFolder();
    await put(await seal(await loadAgentKeys(other.path)));
    other.remove();
    const error: unknown = await new Environments(sealed, keys.privateKey)
      .open(revision)
      .catch((e: unknown) => e);
    expect(error).toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('TOKEN') as string,
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(CANARY);
  });

  it('leaves no opened value on disk', async () => {
    await put(await seal(keys));
    const env = await new Environments(sealed, keys.privateKey).open(revision);
    expect(env['TOKEN']).toBe(CANARY);
    for (const name of await readdir(folder.path, { recursive: true })) {
      const text = await readFile(join(folder.path, name), 'utf8').catch(() => '');
      expect(text).not.toContain(CANARY);
    }
  });

  it('drops what only an old target named', async () => {
    await put(await seal(keys));
    const target = { revisions: [revision] } as Target;
    await sealed.dropUnused(target, [target]);
    expect(sealedFiles()).toHaveLength(1);
    await sealed.dropUnused(target, []);
    expect(sealedFiles()).toEqual([]);
    expect(sealed.has({ id: SECRET, version: 2 })).toBe(false);
  });

  it('drops what no target names, but not what may be ahead of its target', async () => {
    await put(await seal(keys));
    const arrived = clock.now();
    clock.step(1);
    await sealed.dropStrays([], arrived);
    await sealed.dropStrays([{ revisions: [revision] } as Target], arrived + 1);
    expect(sealedFiles()).toHaveLength(1);
    await sealed.dropStrays([], arrived + 1);
    expect(sealedFiles()).toEqual([]);
  });

  const sealedFiles = (): string[] => readdirSync(join(folder.path, 'sealed'));
});
