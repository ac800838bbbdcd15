import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';

/** Every open stream, so that the process can end: an open one would hold the server for ever. */
@Injectable()
export class OpenStreams implements BeforeApplicationShutdown {
  private readonly open = new Set<AbortController>();

  /** Registers a stream; it ends when `closed` is called or the process stops. */
  start(): { signal: AbortSignal; closed: () => void } {
    const controller = new AbortController();
    this.open.add(controller);
    return {
      signal: controller.signal,
      closed: () => {
        controller.abort();
        this.open.delete(controller);
      },
    };
  }

  beforeApplicationShutdown(): void {
    for (const controller of this.open) controller.abort();
  }
}
