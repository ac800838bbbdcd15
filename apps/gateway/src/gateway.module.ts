import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { ProcessParts } from '#libs/process';
import type { GatewayConfig } from './config.js';
import { Gateway } from './gateway.js';

/** Holds the one Gateway, so that Nest ends it in order. */
@Module({})
export class GatewayModule {
  static async start(config: GatewayConfig, parts: ProcessParts): Promise<DynamicModule> {
    const gateway = await Gateway.start(config, parts);
    return { module: GatewayModule, providers: [{ provide: Gateway, useValue: gateway }] };
  }
}
