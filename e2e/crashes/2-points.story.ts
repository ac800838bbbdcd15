import { CRASH_POINTS } from '#libs/testing';
import type { ProcessName } from '../support/faults.js';
import { Storm } from '../support/invariants.js';

/** Points that need another story: somebody has to join, hours and a month have to be over, or time has to cost something (e2e/ledger). */
const ELSEWHERE =
  /^(identity|member)\.|^billing\.(settled|closed|invoiced|finalized|instances\..*|builds\..*)$/;
const POINTS = Object.keys(CRASH_POINTS).filter((point) => !ELSEWHERE.test(point));
/** Small enough that traffic fills a spool within seconds. */
const SPOOL_BYTES = '4096';

const nameOf = (point: string): ProcessName => point.slice(0, point.indexOf('.')) as ProcessName;

describe('a process dies between two things that belong together', () => {
  let storm: Storm;
  beforeAll(async () => {
    storm = await Storm.begin('points');
  }, 120_000);

  it.each(POINTS.filter((point) => nameOf(point) !== 'agent'))('%s, and no request fails', async (point) => {
    await dieAt(point);
    expect(storm.failed).toEqual([]);
  });

  it.each(POINTS.filter((point) => nameOf(point) === 'agent'))(
    '%s, and requests fail only until it is back',
    (point) => storm.withoutAgent(point, () => dieAt(point)),
  );

  it('and nothing is lost, doubled or left undone', () =>
    storm.through(async () => {
      await storm.settle();
      expect(storm.failed).toEqual([]);
    }));

  /** Its next life ends at the point; deploys and traffic take it there; the life after that must go on. */
  function dieAt(point: string): Promise<void> {
    const { faults } = storm;
    const name = nameOf(point);
    return storm.through(async () => {
      const env = { TOWPATH_CRASH_POINT: point, TOWPATH_SPOOL_BYTES: SPOOL_BYTES };
      await faults.replaced(name, await faults.restartWith(name, { env }));
      faults.note(`${name} died at ${point}`);
      await faults.serves(name);
    });
  }
});
