import { kubernetesName } from '#libs/domain';
import { KubeClient, KubeConnection, type KubeObject } from '#libs/kube';
import { createLogger } from '#libs/process';
import { FakeHttp, SteppedClock, kubeconfigOf, testId, until } from '#libs/testing';
import { LABELS } from './knative.names.js';
import type { Pod } from './knative.types.js';
import { PodLogs } from './pod.logs.js';

const pod: Pod & KubeObject = {
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: {
    ...{ name: 'p', namespace: 'n', uid: 'u' },
    labels: { [LABELS.service]: kubernetesName(testId('svc')) },
  },
  status: {
    containerStatuses: [
      { name: 'app', ready: false, restartCount: 1, state: { terminated: { exitCode: 1 } } },
    ],
  },
};
const stamped = (second: number): string => `2026-11-22T10:00:0${second}.000000000Z`;

describe('the log of a container that ended', () => {
  let output = '';
  let http: FakeHttp;
  let logs: PodLogs;
  let close: () => Promise<void>;
  const lines: string[] = [];
  const ends: number[] = [];
  beforeEach(async () => {
    [output, lines.length, ends.length] = ['', 0, 0];
    http = await FakeHttp.start(() => ({ body: output }));
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
  /** It was asked for so often from now on: the answers before the last were read. */
  const asked = async (times: number): Promise<unknown> => {
    const before = http.seen.length;
    return until(() => http.seen.length >= before + times);
  };

  it('is told to be read to its end once, however often it is asked for', async () => {
    output = `${stamped(1)} first\n${stamped(2)} last\n`;
    logs.see(pod);
    await asked(3);
    expect([lines, ends]).toEqual([['first', 'last'], [2]]);
    expect(logs.lastLinesOf(pod, 'app')).toEqual(['first', 'last']);
    // a restarted container has printed more
    output += `${stamped(3)} again\n`;
    await asked(3);
    expect([lines, ends]).toEqual([
      ['first', 'last', 'again'],
      [2, 3],
    ]);
  });

  it('is told so once, too, where nothing was printed', async () => {
    logs.see(pod);
    await asked(3);
    expect(ends).toEqual([0]);
    expect(logs.lastLinesOf(pod, 'app')).toEqual([]);
  });
});
