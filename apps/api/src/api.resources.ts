import type { OnApplicationShutdown } from '@nestjs/common';
import type { Loop } from '#libs/process';
import type { ApiParts } from './api.parts.js';

/** Starts what runs beside the requests, and closes what the api has opened after its last request was answered. */
export class ApiResources implements OnApplicationShutdown {
  constructor(
    private readonly parts: ApiParts,
    private readonly watch: Loop | undefined,
  ) {
    watch?.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.watch?.stop();
    this.parts.moves.close();
    await this.parts.bus.close();
    await this.parts.db.close();
  }
}
