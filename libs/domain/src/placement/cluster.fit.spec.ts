import type { PinnedSidecar, RevisionSpec } from '../service/service.types.js';
import { neededCapabilities } from './cluster.fit.js';

const digest = `sha256:${'a'.repeat(64)}` as const;
const resources = { cpuMillis: 100, memoryMiB: 64 };
const needed = (...sidecars: Partial<PinnedSidecar>[]): string[] =>
  neededCapabilities({
    ...{ imageDigest: digest, env: [], resources, concurrency: 1, timeoutSeconds: 1 },
    ...{ maxInstances: 1, port: 8080, protocol: 'http1' },
    sidecars: sidecars.map((more) => ({
      name: 'log',
      image: 'a',
      imageDigest: digest,
      env: [],
      resources,
      ...more,
    })),
  } satisfies RevisionSpec);

it('agents of a release that knows sidecars, and not their files, get none that have some', () => {
  const files = [{ path: '/a/b', secret: { id: 'sec_1', version: 1 } as const }];
  expect(needed({})).toEqual(['containers', 'sidecars']);
  expect(needed({}, { files })).toEqual(['containers', 'sidecars', 'sidecar-files']);
});
