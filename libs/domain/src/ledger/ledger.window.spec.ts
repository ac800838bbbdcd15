import { closingOf, ledgerWindowOf, ledgerWindowState, watermarkOf, type Producer } from './ledger.window.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 21, 12);
const END = START + HOUR;
const CLOSING = END + HOUR;

const producer = (change: Partial<Producer> = {}): Producer => ({
  gatewayId: 'gw_1',
  joinedMs: START - 24 * HOUR,
  seenMs: CLOSING,
  takenMs: START,
  lastEndMs: START,
  ...change,
});
const closing = (nowMs: number, producers: readonly Producer[], takenInToMs = nowMs) =>
  closingOf(START, { nowMs, graceMs: HOUR, patienceMs: 24 * HOUR, takenInToMs, producers });

describe('a window of the ledger', () => {
  it('begins at a whole hour', () => {
    expect([START, START + 1, END - 1, END].map(ledgerWindowOf)).toEqual([START, START, START, END]);
  });

  it.each([
    ['open', {}, END - 1, 'open'],
    ['in grace from its end', {}, END, 'grace'],
    ['in grace until it is closed, however long', {}, END + 48 * HOUR, 'grace'],
    ['closed', { closedAt: CLOSING }, CLOSING, 'closed'],
    ['invoiced', { closedAt: CLOSING, invoiceId: 'x' }, CLOSING, 'invoiced'],
  ] as const)('is %s', (_name, change, nowMs, state) => {
    expect(ledgerWindowState({ startMs: START, ...change }, nowMs)).toBe(state);
  });
});

describe('the watermark of a gateway', () => {
  it.each<[string, Partial<Producer>, number, number]>([
    ['is when it was last seen while it sends nothing', {}, CLOSING, CLOSING],
    [
      'is the latest end while it sends',
      { takenMs: CLOSING - 1_000, lastEndMs: START + 9 },
      CLOSING,
      START + 9,
    ],
    [
      'trusts no clock that runs ahead',
      { takenMs: CLOSING - 9, lastEndMs: CLOSING + HOUR },
      CLOSING,
      CLOSING - 9,
    ],
    ['is no later than what was taken in', {}, START, START],
  ])('%s', (_name, change, takenInToMs, expected) => {
    expect(watermarkOf(producer(change), takenInToMs)).toBe(expected);
  });
});

describe('closing', () => {
  const silent = producer({ gatewayId: 'gw_2', seenMs: END + MINUTE });
  it.each<[string, { closes: boolean; without: string[] }, { closes: boolean; without: string[] }]>([
    ['waits for the grace', closing(CLOSING - 1, [producer()]), { closes: false, without: [] }],
    ['comes with its end', closing(CLOSING, [producer()]), { closes: true, without: [] }],
    ['needs no gateway at all', closing(CLOSING, []), { closes: true, without: [] }],
    [
      'waits until what the stream held then is taken in',
      closing(CLOSING + 5, [producer()], CLOSING - 1),
      { closes: false, without: [] },
    ],
    [
      'waits for a gateway that was last seen before the window could be known',
      closing(CLOSING, [producer(), silent]),
      { closes: false, without: ['gw_2'] },
    ],
    [
      'waits for one that still sends what is old',
      closing(CLOSING, [producer({ takenMs: CLOSING - 1, lastEndMs: END })]),
      { closes: false, without: ['gw_1'] },
    ],
    [
      'does not wait for ever, and names it',
      closing(END + 24 * HOUR, [silent], END + 48 * HOUR),
      { closes: true, without: ['gw_2'] },
    ],
    [
      'does not wait for one that has been silent longer, and names it',
      closing(CLOSING, [producer({ seenMs: START - 48 * HOUR })]),
      { closes: true, without: ['gw_1'] },
    ],
    [
      'waits no longer than a patience for one whose clock is behind',
      closing(END + 24 * HOUR, [
        producer({ seenMs: END + 24 * HOUR, takenMs: END + 24 * HOUR, lastEndMs: START }),
      ]),
      { closes: true, without: ['gw_1'] },
    ],
    [
      'knows nothing of a gateway that joined later',
      closing(CLOSING, [producer({ joinedMs: END, seenMs: 0 })]),
      { closes: true, without: [] },
    ],
  ])('%s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });
});
