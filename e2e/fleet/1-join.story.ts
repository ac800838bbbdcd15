import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Api } from '../support/api.js';
import type { ClusterJson, List } from '../support/faces.js';
import { platform } from '../support/tenant.js';
import { until } from '../support/until.js';

const BIN = path.join(import.meta.dirname, '../../apps/cli/bin/tow.mjs');

describe('joining a cluster', () => {
  const at = platform();
  const operator = new Api(at.apiUrl, at.operatorKey);
  const { urls } = JSON.parse(readFileSync(path.join(at.dataDir, 'run.json'), 'utf8')) as {
    urls: { identity: string };
  };
  const running: ChildProcess[] = [];
  afterAll(async () => {
    await Promise.all(running.map((child) => ended(child)));
  });

  /** `tow clusters join` as a person runs it, in a data folder of its own; below the platform's, so that nothing is left. */
  function join(name: string, folder: string, more: string[]): { child: ChildProcess; said: () => string } {
    const data = path.join(at.dataDir, folder);
    const words = ['clusters', 'join', name, '--hub', urls.identity, '--data', data];
    const child = spawn(
      'node',
      [BIN, ...words, '--blobs', path.join(at.dataDir, 'blobs'), ...more, '--no-input'],
      {
        env: { ...process.env, TOW_API_URL: at.apiUrl, TOW_API_KEY: at.operatorKey, NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    running.push(child);
    let text = '';
    child.stdout.on('data', (part: Buffer) => (text += part.toString()));
    child.stderr.on('data', (part: Buffer) => (text += part.toString()));
    return { child, said: () => text };
  }

  /** Ctrl-C: to everything of that terminal. */
  async function ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await gone;
  }

  async function refused(name: string, folder: string, token: string): Promise<string> {
    const { child, said } = join(name, folder, ['--token', token]);
    await until(`the end of ${folder}`, 90_000, async () => Promise.resolve(child.exitCode !== null));
    expect(child.exitCode).toBe(1);
    return said();
  }

  const clusters = async (): Promise<ClusterJson[]> =>
    (await operator.ok<List<ClusterJson>>('GET', '/v1/clusters')).items;

  it('each local one has a region of its own and answers', async () => {
    await until('all answer', 60_000, async () => {
      const ready = (await clusters()).filter(({ conditions }) =>
        conditions.every(({ status }) => status === 'true'),
      );
      const regions = ready.map(({ region }) => region);
      // the fourth is emptied and removed by a story
      return ['local', 'local-2', 'local-3'].every((region) => regions.includes(region));
    });
  });

  it('lets one agent in by a token, and says of every other why not', async () => {
    const made = await operator.ok<ClusterJson>('POST', '/v1/clusters', {
      name: 'north',
      region: 'north',
      runtime: 'local',
    });
    const other = await operator.ok<ClusterJson>('POST', '/v1/clusters', { name: 'other', runtime: 'local' });
    const token = async (of: string): Promise<string> =>
      (await operator.ok<{ token: string }>('POST', `/v1/clusters/${of}/join-tokens`, {})).token;
    const foreign = await token(other.name);
    expect(await refused('north', 'foreign', foreign)).toContain('belongs to another cluster');
    expect(await refused('north', 'unknown', `towj_${'0'.repeat(64)}`)).toContain(
      'The join token is unknown.',
    );
    const used = await token(made.id);
    const { said, child } = join('north', 'north', ['--token', used]);
    await until('it has joined', 90_000, async () =>
      Promise.resolve(said().includes('has joined and works')),
    );
    expect(await refused('north', 'again', used)).toContain('The join token was used.');
    await until('it answers', 60_000, async () => {
      const one = await operator.ok<ClusterJson>('GET', '/v1/clusters/north');
      return one.conditions.every(({ status }) => status === 'true');
    });
    for (const name of ['north', 'other']) {
      await operator.ok('POST', `/v1/clusters/${name}/cordon`, {});
      await operator.ok('DELETE', `/v1/clusters/${name}`);
    }
    await ended(child);
    const names = (await clusters()).map(({ name }) => name);
    expect(names.filter((name) => ['north', 'other'].includes(name))).toEqual([]);
  }, 300_000);
});
