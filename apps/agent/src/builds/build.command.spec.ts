import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { until } from '#libs/testing';
import { runCommand } from './build.command.js';

const env = { PATH: process.env['PATH'] ?? '', PLAIN: 'yes' };
const limits = { timeMs: 20_000, output: 10_000 };

async function run(
  script: string,
  more: Partial<typeof limits> = {},
  signal = new AbortController().signal,
): Promise<{ lines: string[]; failure?: string; lastLines: string[] }> {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const result = await runCommand(
    ['sh', '-c', script],
    tmpdir(),
    env,
    { ...limits, ...more },
    onLine,
    signal,
  );
  return { lines, ...result };
}

const alive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};

describe('a command of a build', () => {
  it('passes every line on and sees only the environment it was given', async () => {
    const { lines, failure } = await run('echo one; echo two >&2; env | grep -c TOWPATH; echo $PLAIN');
    expect(failure).toBeUndefined();
    expect(lines.sort()).toEqual(['0', 'one', 'two', 'yes']);
  });

  it('names how it failed and its last lines', async () => {
    const { failure, lastLines } = await run('for i in $(seq 30); do echo line $i; done; exit 3');
    expect(failure).toBe('ended with code 3');
    expect(lastLines).toHaveLength(20);
    expect(lastLines.at(-1)).toBe('line 30');
  });

  it('is ended at its limits and by an interrupt', async () => {
    expect((await run('sleep 60', { timeMs: 100 })).failure).toMatch(/did not end within 0.1 s/);
    expect((await run('yes', { output: 1000 })).failure).toMatch(/more than 1000 characters/);
    expect((await run('sleep 60', {}, AbortSignal.abort())).failure).toBe('was interrupted');
  });

  it('leaves nothing of its process group running', async () => {
    const { lines, failure } = await run('sleep 600 & echo $!');
    expect(failure).toBeUndefined();
    // Killed, but the kernel may not have taken it away yet.
    await until(() => !alive(Number(lines[0])));
  });

  it('says when the program is not there', async () => {
    const result = await runCommand(
      ['/no/such'],
      tmpdir(),
      env,
      limits,
      () => undefined,
      new AbortController().signal,
    );
    expect(result.failure).toBe('could not be started (ENOENT)');
  });
});
