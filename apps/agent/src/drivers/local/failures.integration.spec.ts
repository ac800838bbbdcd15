import { jest } from '@jest/globals';
import { readProcess } from './host.processes.js';
import { until } from '#libs/testing';
import { LocalRig } from './rig/local.rig.js';
import { COUNTING, CRASHING, ELSEWHERE, GREEDY, LEAVING, STUBBORN } from './rig/programs.js';

// Real processes on a machine that may be busy.
jest.setTimeout(60_000);

const reasonOf = (body: string) => (JSON.parse(body) as { reason: string }).reason;

describe('a failing instance of the local runtime', () => {
  let rig: LocalRig;
  afterEach(() => rig.close());

  it('that crashes at its start says so with its last lines, then is called a crash loop', async () => {
    rig = await LocalRig.started();
    const revision = rig.revision(CRASHING);
    await rig.apply(revision);
    const first = await rig.becomes(revision, (ready) => ready.status === 'false');
    expect(first).toMatchObject({
      reason: 'ExitCode',
      nextStep: expect.stringContaining('deploy again') as string,
    });
    expect(first.message).toContain('exited with code 3 before it opened its port');
    expect(first.message).toContain('cannot find the moon');
    const last = await rig.becomes(revision, (ready) => ready.reason === 'CrashLoop');
    expect(last.message).toContain('3 times in a row');
    expect(last.changedAt).toBe(first.changedAt);
    expect(rig.lines.some((line) => line.stream === 'stderr' && line.text === 'cannot find the moon')).toBe(
      true,
    );
    expect(rig.instancesOf(revision)).toBe(0);
  });

  it('answers what waits for it with the cause', async () => {
    rig = await LocalRig.started({ backoffBaseMs: 60_000 });
    const revision = rig.revision(CRASHING);
    await rig.apply(revision);
    const waited = await rig.get(revision);
    expect([waited.status, reasonOf(waited.body)]).toEqual([503, 'ExitCode']);
    expect(waited.headers['x-towpath-not-reached']).toBe('1');
    // During the back-off nothing is started and nobody waits.
    const again = await rig.get(revision);
    expect([again.status, reasonOf(again.body)]).toEqual([503, 'ExitCode']);
  });

  it('that opens another port is told which one was expected', async () => {
    rig = await LocalRig.started({ startTimeoutMs: 1500 });
    const revision = rig.revision(ELSEWHERE);
    await rig.apply(revision);
    const { reason, message } = await rig.becomes(revision, (ready) => ready.status === 'false');
    expect(reason).toBe('StartTimeout');
    const port = rig.lines.find((line) => line.text.startsWith('port '))?.text.slice(5) ?? 'none';
    expect(message).toMatch(new RegExp(`^Port \\d+, given in PORT, was not opened .* listens on ${port}\\.`));
    await rig.idle(revision);
  });

  it('whose program or image is missing is not ready', async () => {
    rig = await LocalRig.started();
    const noProgram = rig.revision(COUNTING, { command: ['no-such-program'] });
    const noImage = rig.revision(COUNTING, { imageDigest: `sha256:${'f'.repeat(64)}` });
    await rig.apply(noProgram, noImage);
    await until(() => rig.condition(noProgram).message.includes('the program was not found'));
    await until(() => rig.condition(noImage).message.includes('no such image'));
  });

  it('that ends while it serves is replaced at once, and stays ready', async () => {
    rig = await LocalRig.started();
    const revision = await rig.ready(LEAVING);
    await rig.get(revision, '/exit');
    await until(() => rig.lines.some((line) => line.text.includes('exited with code 9 while it served')));
    expect((await rig.get(revision)).status).toBe(200);
    expect(rig.condition(revision).status).toBe('true');
  });

  it('that grows over its memory is ended for it', async () => {
    rig = await LocalRig.started();
    const revision = await rig.ready(GREEDY, { resources: { cpuMillis: 1000, memoryMiB: 160 } });
    expect((await rig.get(revision, '/?mib=10')).status).toBe(200);
    await rig.get(revision, '/?mib=200').catch(() => undefined);
    await until(() =>
      rig.lines.some((line) => /^ended: it held \d+ MiB, its limit is 160 MiB$/.test(line.text)),
    );
    await until(() => rig.lines.some((line) => line.text.includes('used more memory than its limit')));
  });

  it('that does not end is killed after the grace, with what it started', async () => {
    rig = await LocalRig.started({ stopGraceMs: 300 });
    const revision = await rig.ready(STUBBORN);
    const child = Number((await rig.get(revision)).body);
    expect(readProcess(child)).toBeDefined();
    await rig.remove();
    expect(rig.lines.some((line) => line.text === 'not now')).toBe(true);
    expect(rig.driver.instances()).toEqual([]);
    await until(() => readProcess(child) === undefined);
  });
});
