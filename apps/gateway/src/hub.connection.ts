import { Bus } from '#libs/bus';
import type { BusOptions } from '#libs/bus';
import { Loop } from '#libs/process';
import type { Health, Logger } from '#libs/process';

const RETRY_MS = 1_000;

interface Parts {
  options: () => BusOptions;
  logger: Logger;
  health: Health;
  /** Runs once, with the first connection. */
  onFirst: (bus: Bus) => void;
  /** Runs whenever the hub is there again. */
  onReturn: () => void;
}

/** The connection to the hub, made in the background: a gateway serves without it. */
export class HubConnection {
  readonly #loop: Loop;
  #bus: Bus | undefined;
  #isUp = false;

  constructor(private readonly parts: Parts) {
    this.#loop = new Loop('hub connection', RETRY_MS, () => this.#connect(), parts.logger);
    this.#tell(false);
  }

  /** The bus while the connection holds: publishing without one would only fill memory. */
  get bus(): Bus | undefined {
    return this.#isUp ? this.#bus : undefined;
  }

  start(): void {
    this.#loop.start();
  }

  async stop(): Promise<void> {
    await this.#loop.stop();
    if (!this.#bus) return;
    // Draining waits for the server; without one there is nothing to wait for.
    if (this.#isUp) await this.#bus.close();
    else await this.#bus.nc.close();
  }

  async #connect(): Promise<void> {
    if (this.#bus) return;
    try {
      this.#bus = await Bus.connect(this.parts.options());
    } catch (error) {
      // Health says so; a growing pause would only make the gateway come back late.
      this.parts.logger.debug({ err: error }, 'the hub does not answer');
      return;
    }
    void this.#watch(this.#bus);
    this.#tell(true);
    this.parts.onFirst(this.#bus);
  }

  async #watch(bus: Bus): Promise<void> {
    for await (const { type } of bus.nc.status()) {
      if (type === 'disconnect') this.#tell(false);
      if (type !== 'reconnect') continue;
      this.#tell(true);
      this.parts.onReturn();
    }
  }

  #tell(isUp: boolean): void {
    this.#isUp = isUp;
    this.parts.health.set('hub', isUp, isUp ? '' : 'The hub does not answer; the last routes are served.');
  }
}
