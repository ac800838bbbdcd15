import { LIVE_MS, chooseBuilder, isLive } from './cluster.rules.js';
import { JOIN_TOKEN_BYTES, formatJoinToken, isJoinToken } from './join-token.js';
import type { Cluster } from './cluster.types.js';

const cluster = (id: Cluster['id'], more: Partial<Cluster> = {}): Cluster => ({
  id,
  name: id,
  provider: 'p',
  region: 'r',
  zone: 'z',
  runtime: 'local',
  gpuClasses: [],
  capabilities: ['builder'],
  door: { host: 'h', port: 1 },
  joinedAt: 0,
  lastSeenAt: 1_000,
  createdAt: 0,
  version: 1,
  ...more,
});

describe('clusters', () => {
  it('answers until it was silent for LIVE_MS', () => {
    expect([isLive(1, LIVE_MS), isLive(0, LIVE_MS), isLive(undefined, 0)]).toEqual([true, false, false]);
  });

  it('lets the first builder that answers build', () => {
    const clusters = [
      cluster('cls_3'),
      cluster('cls_2', { capabilities: [] }),
      cluster('cls_1', { lastSeenAt: -LIVE_MS }),
    ];
    expect(chooseBuilder(clusters, 1_000)).toBe('cls_3');
    expect(chooseBuilder(clusters.slice(1), 1_000)).toBeUndefined();
  });
});

describe('join tokens', () => {
  it('has a form that can be told from noise', () => {
    const token = formatJoinToken(new Uint8Array(JOIN_TOKEN_BYTES).fill(10));
    expect(token).toBe(`towj_${'0a'.repeat(32)}`);
    expect([isJoinToken(token), isJoinToken(token, 'towr_'), isJoinToken(`${token}0`)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(() => formatJoinToken(new Uint8Array(31))).toThrow(RangeError);
  });
});
