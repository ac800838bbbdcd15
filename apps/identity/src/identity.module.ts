import { readFile } from 'node:fs/promises';
import { Bus, ensureHubTopology } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import { Database } from '#libs/store';
import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { firstRun } from './first-run/first-run.js';
import type { IdentityConfig } from './identity.config.js';
import { CredentialSigner } from './join/credentials.js';
import { JoinCommands } from './join/join.commands.js';
import { JoinController } from './join/join.controller.js';
import { LOGGER, ProblemFilter } from './join/problem.filter.js';

@Module({})
class IdentityModule {}

/** Closes what identity holds open, last of all. */
class IdentityLife implements OnApplicationShutdown {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await this.bus.close();
    await this.db.close();
  }
}

/** Connects, makes the first organization if there is none, and serves joining. */
export async function identityModule(config: IdentityConfig, parts: ProcessParts): Promise<DynamicModule> {
  const { random, logger } = parts;
  const creds = await readFile(config.TOWPATH_NATS_CREDS, 'utf8');
  const seed = (await readFile(config.TOWPATH_NATS_ACCOUNT_SEED_FILE, 'utf8')).trim();
  const db = Database.open({ systemUrl: config.TOWPATH_SYSTEM_DATABASE_URL });
  const clock = await db.clock(logger);
  const bus = await Bus.connect({ servers: config.NATS_URL, creds, name: 'identity' });
  await ensureHubTopology(bus);
  const first = await firstRun({ db, clock, random, bootstrapFile: config.TOWPATH_BOOTSTRAP_FILE });
  if (first) logger.info('first run: made the first organization and its operator');
  const signer = new CredentialSigner(seed);
  const commands = new JoinCommands({ db, bus, clock, random, signer, natsUrl: config.NATS_URL });
  return identityModuleOf(commands, new IdentityLife(db, bus), parts);
}

/** The module around commands that are already built. */
export function identityModuleOf(
  commands: JoinCommands,
  life: OnApplicationShutdown,
  { logger }: Pick<ProcessParts, 'logger'>,
): DynamicModule {
  return {
    module: IdentityModule,
    controllers: [JoinController],
    providers: [
      { provide: JoinCommands, useValue: commands },
      { provide: IdentityLife, useValue: life },
      { provide: LOGGER, useValue: logger },
      ProblemFilter,
    ],
  };
}
