import { OperationMoves } from './operation.moves.js';

const HOUR_MS = 3_600_000;

describe('what is heard of operations', () => {
  let tell: (subject: string) => Promise<void>;
  let moves: OperationMoves;
  beforeEach(() => {
    moves = new OperationMoves({
      subscribe: (_subject, handler) => {
        tell = handler;
        return () => undefined;
      },
    });
  });

  it('wakes who waits for that operation, and nobody else', async () => {
    const [one, other] = [moves.of('op_1'), moves.of('op_2')];
    const woken: string[] = [];
    const [first, second] = [one.next(HOUR_MS), other.next(HOUR_MS)];
    void first.then(() => woken.push('op_1'));
    void second.then(() => woken.push('op_2'));
    await tell('operation.op_1');
    await first;
    expect(woken).toEqual(['op_1']);
    await tell('operation.op_2');
    await second;
  });

  it('misses nothing that moves while who waits looks', async () => {
    const one = moves.of('op_1');
    await tell('operation.op_1');
    await one.next(HOUR_MS);
    const again = one.next(HOUR_MS);
    await tell('operation.op_1');
    await again;
    await tell('operation.op_1');
    await one.next(HOUR_MS);
  });

  it('lets go at the end of the time and when the caller goes, and keeps nothing', async () => {
    const one = moves.of('op_1');
    const gone = new AbortController();
    await one.next(1);
    const waiting = one.next(HOUR_MS, gone.signal);
    gone.abort();
    await waiting;
    await one.next(HOUR_MS, gone.signal);
    one.end();
    expect(moves.size).toBe(0);
  });
});
