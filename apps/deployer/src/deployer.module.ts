import { readFile } from 'node:fs/promises';
import { DEPLOYER_CONSUMER, Bus, JetStreamTransport, STREAMS } from '#libs/bus';
import { publicOrigin, type ProcessParts } from '#libs/process';
import { Database, FolderBlobs, parseMasterKey } from '#libs/store';
import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import type { DeployerConfig } from './deployer.config.js';
import { Deployer } from './deployer.js';
import { HubEventsController } from './wake/hub-events.controller.js';

@Module({})
class DeployerModule {}

/** Connects to what the deployer works on. Nothing runs before the application has started. */
export async function deployerModule(config: DeployerConfig, parts: ProcessParts): Promise<DynamicModule> {
  const creds = await readFile(config.TOWPATH_NATS_CREDS, 'utf8');
  const masterKey = parseMasterKey(await readFile(config.TOWPATH_MASTER_KEY_FILE, 'utf8'));
  const bus = await Bus.connect({ servers: config.NATS_URL, creds, name: 'deployer', waits: true });
  const db = Database.open({ systemUrl: config.TOWPATH_SYSTEM_DATABASE_URL });
  const clock = await db.clock(parts.logger);
  const blobs = new FolderBlobs(config.TOWPATH_BLOBS_DIR);
  const options = {
    domain: config.TOWPATH_DOMAIN,
    origin: publicOrigin(config),
    masterKey,
    blobs,
    privateRegistries: config.TOWPATH_PRIVATE_REGISTRIES,
  };
  return deployerModuleOf(new Deployer(db, bus, { ...parts, clock }, options), bus);
}

/** The module around a deployer that is already built. */
export function deployerModuleOf(deployer: Deployer, bus: Bus): DynamicModule {
  return {
    module: DeployerModule,
    controllers: [HubEventsController],
    providers: [
      { provide: Deployer, useValue: deployer },
      { provide: Bus, useValue: bus },
    ],
  };
}

/** Hub events come over the JetStream transport to ordinary controllers. */
export async function followHub(app: INestApplication, { logger }: ProcessParts): Promise<void> {
  const strategy = new JetStreamTransport(app.get(Bus), STREAMS.hub, DEPLOYER_CONSUMER, {
    onTrouble: (error) => logger.warn({ err: error }, 'a hub event was not taken and will come again'),
  });
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
}
