import type { OnApplicationShutdown } from '@nestjs/common';
import type { ApiParts } from './api.parts.js';

/** Closes what the api has opened, after its last request was answered. */
export class ApiResources implements OnApplicationShutdown {
  constructor(private readonly parts: ApiParts) {}

  async onApplicationShutdown(): Promise<void> {
    await this.parts.bus.close();
    await this.parts.db.close();
  }
}
