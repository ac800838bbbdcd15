import { readFileSync } from 'node:fs';

const swcrc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

const base = {
  rootDir: import.meta.dirname,
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['towpath-source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcrc, swcrc: false }] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
};

/** Stories look at a whole machine for minutes: what they measured is told at once, a line each, and not again where one fails. */
const stories = (displayName, folder = displayName) => ({
  ...base,
  displayName,
  roots: [`<rootDir>/e2e/${folder}`],
  testMatch: ['**/*.story.ts'],
  setupFiles: ['<rootDir>/e2e/support/plain.console.ts'],
});

/**
 * unit: beside the code, no server.
 * integration: `*.integration.spec.ts` beside the code, real PostgreSQL and nats-server started by tools/test.mjs.
 * stories: e2e/stories, a whole platform started by tools/test.mjs, spoken to through its public faces.
 * crashes: e2e/crashes, a platform of their own whose processes they kill and pause.
 * ledger: e2e/ledger, billing, PostgreSQL and nats-server of their own, which they kill, and the hub's time, which they move.
 * replicas: e2e/replicas, a platform with two of every hub process and two gateways.
 * fleet: e2e/fleet, a platform with four local clusters.
 * disks: e2e/disks, a platform on small file systems, which only root can mount.
 * upgrade: e2e/upgrade, an installation of the release before, then the same one taken over by this version; platforms, also on
 *   real clusters (npm run test:cluster), whose hub or members are of the release before.
 * cluster: e2e/cluster/stories, a platform whose agent runs a real cluster (npm run test:cluster).
 * parts: e2e/cluster/parts, a platform of their own whose processes, and those of its real cluster, they kill and pause.
 * inside: e2e/cluster/inside, a platform whose real cluster has its agent as a pod (npm run test:cluster).
 * clusters: e2e/cluster/pair, a platform with two real clusters, parts of which they lose (npm run test:cluster).
 * nightly: e2e/nightly, the same as cluster for what takes long (npm run test:nightly).
 */
export default {
  projects: [
    {
      ...base,
      displayName: 'unit',
      roots: ['<rootDir>/apps', '<rootDir>/libs'],
      testMatch: ['**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.integration\\.spec\\.ts$', '/node_modules/'],
    },
    {
      ...base,
      displayName: 'integration',
      roots: ['<rootDir>/apps', '<rootDir>/libs'],
      testMatch: ['**/*.integration.spec.ts'],
    },
    stories('stories'),
    stories('crashes'),
    stories('ledger'),
    stories('replicas'),
    stories('fleet'),
    stories('disks'),
    stories('upgrade'),
    stories('cluster', 'cluster/stories'),
    stories('parts', 'cluster/parts'),
    stories('inside', 'cluster/inside'),
    stories('clusters', 'cluster/pair'),
    stories('nightly'),
  ],
};
