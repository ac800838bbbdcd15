import { CLOCK_ASK, clockSubject, type Bus } from '#libs/bus';
import type { Clock, Id } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';

const BEAT_MS = 15_000;
const ANSWER_MS = 2_000;
/** Of so many measurements the one with the shortest way counts: it can be wrong by half of its way at most. */
const KEPT = 8;
/** A measurement that is older says nothing of a clock that drifts. */
const GOOD_FOR_MS = 10 * 60_000;

interface Measured {
  atMs: number;
  offsetMs: number;
  /** There and back, without what the hub took. */
  wayMs: number;
}

/** Measures by how much this clock is ahead of the hub's, there and back as NTP does. */
export class HubClock {
  private readonly loop: Loop;
  private measured: Measured[] = [];

  constructor(
    private readonly parts: {
      clusterId: Id<'cls'>;
      bus: () => Bus;
      clock: Clock;
      logger: Logger;
    },
  ) {
    this.loop = new Loop('hub clock', BEAT_MS, () => this.measure(), parts.logger);
  }

  /** Starts, or measures at once when it runs already. */
  beat(): void {
    this.loop.wake();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** In whole ms, below 0 when behind; undefined while nothing was measured lately. */
  readonly offsetMs = (): number | undefined => {
    const since = this.parts.clock.now() - GOOD_FOR_MS;
    const [best] = this.measured.filter(({ atMs }) => atMs >= since).toSorted((a, b) => a.wayMs - b.wayMs);
    return best?.offsetMs;
  };

  private async measure(): Promise<void> {
    const { clusterId, bus, clock } = this.parts;
    const sentAt = clock.now();
    const { receivedAt, answeredAt } = await bus().ask(
      clockSubject(clusterId),
      CLOCK_ASK,
      { schemaVersion: 1 },
      ANSWER_MS,
    );
    const heardAt = clock.now();
    const offsetMs = Math.round((sentAt - receivedAt + (heardAt - answeredAt)) / 2);
    const wayMs = heardAt - sentAt - (answeredAt - receivedAt);
    this.measured = [...this.measured, { atMs: heardAt, offsetMs, wayMs }].slice(-KEPT);
  }
}
