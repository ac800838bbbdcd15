import 'reflect-metadata';
import { Module, type DynamicModule, type LoggerService } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Clock, Random } from '#libs/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ConfigError, loadConfig, type BaseConfig } from './config.js';
import { FaceController } from './face.controller.js';
import { plantFaults } from './faults.js';
import { Health } from './health.js';
import { createLogger, type Logger } from './logger.js';
import { Metrics } from './metrics.js';
import { Stopped } from './milestone.js';
import { systemRandom } from './time.js';

/** What every process is built from; passed on, never imported by rules. */
export interface ProcessParts {
  logger: Logger;
  clock: Clock;
  random: Random;
  health: Health;
  metrics: Metrics;
}

export interface ProcessOptions<Config extends BaseConfig> {
  name: string;
  schema: z.ZodType<Config>;
  module: (config: Config, parts: ProcessParts) => DynamicModule | Promise<DynamicModule>;
  /** Runs after the application is created and before it listens (body parsers, hooks, microservices). */
  prepare?: (app: NestFastifyApplication, config: Config, parts: ProcessParts) => void | Promise<void>;
  /** Largest JSON body in bytes. */
  bodyLimit?: number;
  /** Answers what Fastify refuses before any route or hook runs (a URL that cannot be decoded). */
  unroutable?: (error: Error, request: FastifyRequest, reply: FastifyReply) => void;
}

@Module({})
class ProcessModule {}

function rootModule(inner: DynamicModule, parts: ProcessParts): DynamicModule {
  return {
    module: ProcessModule,
    imports: [inner],
    controllers: [FaceController],
    providers: [
      { provide: Health, useValue: parts.health },
      { provide: Metrics, useValue: parts.metrics },
    ],
  };
}

/** Nest's own talk goes to the same JSON log; its start-up chatter only at debug. */
function nestLogger(logger: Logger): LoggerService {
  const text = (message: unknown): string => (message instanceof Error ? message.message : String(message));
  return {
    log: (message: unknown) => logger.debug(text(message)),
    debug: (message: unknown) => logger.debug(text(message)),
    verbose: (message: unknown) => logger.trace(text(message)),
    warn: (message: unknown) => logger.warn(text(message)),
    error: (message: unknown, ...rest: unknown[]) => logger.error({ detail: rest }, text(message)),
    fatal: (message: unknown) => logger.fatal(text(message)),
  };
}

/** Builds the application without listening: what tests of an app use too. */
export async function createApplication<Config extends BaseConfig>(
  options: ProcessOptions<Config>,
  config: Config,
  parts: ProcessParts,
): Promise<NestFastifyApplication> {
  const inner = await options.module(config, parts);
  const adapter = new FastifyAdapter({
    bodyLimit: options.bodyLimit ?? 1_048_576,
    return503OnClosing: true,
    ...(options.unroutable ? { frameworkErrors: options.unroutable } : {}),
  });
  const app = await NestFactory.create<NestFastifyApplication>(rootModule(inner, parts), adapter, {
    logger: nestLogger(parts.logger),
    rawBody: true,
    abortOnError: false,
  });
  app.enableShutdownHooks(['SIGHUP', 'SIGINT', 'SIGTERM']);
  await options.prepare?.(app, config, parts);
  return app;
}

/**
 * The whole life of a process: configuration, log, health, metrics, HTTP, the ready line, orderly end.
 * Consumers and open streams end in `beforeApplicationShutdown`, databases and NATS in `onApplicationShutdown`.
 */
export async function startProcess<Config extends BaseConfig>(
  options: ProcessOptions<Config>,
): Promise<void> {
  let config: Config;
  let clock: Clock;
  try {
    config = loadConfig(options.schema);
    clock = plantFaults();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createLogger(options.name, 'info').fatal({ problems: error.problems }, error.message);
    process.exitCode = 78; // EX_CONFIG of sysexits(3)
    return;
  }
  const logger = createLogger(options.name, config.TOWPATH_LOG_LEVEL);
  const parts: ProcessParts = {
    logger,
    clock,
    random: systemRandom,
    health: new Health(),
    metrics: new Metrics(),
  };
  parts.metrics.collectDefaults();
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled rejection'));
  try {
    const app = await createApplication(options, config, parts);
    await app.listen(config.TOWPATH_PORT, config.TOWPATH_HOST);
    const address = app.getHttpServer().address() as { port: number };
    logger.info({ event: 'ready', port: address.port }, 'ready');
  } catch (error) {
    // The signal that stopped it ends it, when everything is stopped.
    if (error instanceof Stopped) return;
    logger.fatal({ err: error }, 'could not start');
    process.exit(1);
  }
}
