import { kubernetesName } from '#libs/domain';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, testId, until, type FakeReply } from '#libs/testing';
import { LABELS } from './knative.names.js';
import type { ContainerState, Pod } from './knative.types.js';
import { PodLogs } from './pod.logs.js';

const RUNS: ContainerState = { running: { startedAt: '2026-11-22T10:00:00Z' } };
const ENDED: ContainerState = { terminated: { exitCode: 1 } };
const WAITS: ContainerState = { waiting: { reason: 'CrashLoopBackOff' } };

const podOf = (name: string, restartCount: number, state: ContainerState): Pod & KubeObject => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: {
    ...{ name, namespace: 'n', uid: name },
    labels: { [LABELS.service]: kubernetesName(testId('svc')) },
  },
  status: { containerStatuses: [{ name: 'app', ready: false, restartCount, state }] },
});
const stamped = (second: number): string => `2026-11-22T10:00:0${second}.000000000Z`;

describe('the log of a container', () => {
  /** What the server has of every container; a stream of it ends at once. */
  let output = '';
  let refusal: FakeReply | undefined;
  let http: FakeHttp;
  let logs: PodLogs;
  let close: () => Promise<void>;
  const lines: string[] = [];
  const ends: number[] = [];
  beforeEach(async () => {
    [output, lines.length, ends.length, refusal] = ['', 0, 0, undefined];
    http = await FakeHttp.start(() => refusal ?? { body: output });
    const { file, remove } = kubeconfigOf(http.url);
    const connection = await KubeConnection.open(file);
    const on = { line: ({ text }: { text: string }) => lines.push(text), end: () => ends.push(lines.length) };
    logs = new PodLogs(new KubeClient(connection), on, new SteppedClock(), createLogger('logs', 'silent'));
    close = async () => {
      logs.stop();
      await connection.close();
      await http.close();
      remove();
    };
  });
  afterEach(() => close());

  const askedFor = (pod: string): number => http.asked('GET', `/api/v1/namespaces/n/pods/${pod}/log`).length;
  /** It was asked for so often from now on: the answers before the last were read. */
  const asked = async (pod: string, times: number): Promise<unknown> => {
    const before = askedFor(pod);
    return until(() => askedFor(pod) >= before + times);
  };
  /** As long as what is asked for again and again is asked for several times. */
  const aWhile = async (): Promise<unknown> => {
    logs.see(podOf('other', 0, RUNS));
    return asked('other', 3);
  };

  it('that ended is asked for once after its end, and not again until it is started again', async () => {
    output = `${stamped(1)} first\n${stamped(2)} last\n`;
    logs.see(podOf('p', 0, ENDED));
    await until(() => ends.length === 1);
    expect([lines, ends]).toEqual([['first', 'last'], [2]]);
    expect(logs.lastLinesOf(podOf('p', 0, ENDED), 'app')).toEqual(['first', 'last']);
    output = '';
    await aWhile();
    logs.see(podOf('p', 0, WAITS));
    await aWhile();
    expect(askedFor('p')).toBe(1);
    output = `${stamped(3)} again\n`;
    logs.see(podOf('p', 1, RUNS));
    await until(() => lines.includes('again'));
    logs.see(podOf('p', 1, ENDED));
    await until(() => ends.at(-1) === 3);
    expect(lines).toEqual(['first', 'last', 'again']);
  }, 30_000);

  it('that runs is asked for again when its stream ends, and told to have ended once', async () => {
    output = `${stamped(1)} first\n`;
    logs.see(podOf('p', 0, RUNS));
    await asked('p', 3);
    expect([lines, ends]).toEqual([['first'], [1]]);
    logs.see(podOf('p', 0, ENDED));
    output += `${stamped(2)} last\n`;
    await until(() => lines.length === 2);
    await until(() => ends.length === 2);
    expect(logs.lastLinesOf(podOf('p', 0, ENDED), 'app')).toEqual(['first', 'last']);
  });

  it('that ended is asked for until it is answered', async () => {
    refusal = 'cut';
    logs.see(podOf('p', 0, ENDED));
    await asked('p', 3);
    expect(ends).toEqual([]);
    refusal = undefined;
    await until(() => ends.length === 1);
    expect(logs.lastLinesOf(podOf('p', 0, ENDED), 'app')).toEqual([]);
  });

  it('that ended unseen, with a start after it, is followed on', async () => {
    logs.see(podOf('p', 0, RUNS));
    await asked('p', 2);
    output = `${stamped(1)} of the next\n`;
    logs.see(podOf('p', 1, RUNS));
    await until(() => lines.length === 1);
  });
});
