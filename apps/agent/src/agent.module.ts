import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { TowpathError } from '#libs/domain';
import { Renewal, joinOrRestore } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import { FolderBlobs } from '#libs/store';
import { Agent } from './agent.js';
import type { AgentConfig } from './agent.config.js';
import { buildBaseEnv } from './builds/build.environment.js';
import { LocalDriver } from './drivers/local/local.driver.js';
import { localSettings } from './drivers/local/local.settings.js';
import { UnpackedImages } from './images/image.store.js';
import { loadAgentKeys } from './join/agent.keys.js';

@Module({})
export class AgentModule {}

/** Joins or restores the membership, then wires the agent with the local runtime. */
export async function agentModule(config: AgentConfig, parts: ProcessParts): Promise<DynamicModule> {
  if (config.NODE_ENV === 'production') throw isolatesNothing();
  const { logger, clock, random } = parts;
  const dataDir = config.TOWPATH_DATA_DIR;
  const keys = await loadAgentKeys(dataDir);
  const place = { url: config.TOWPATH_JOIN_URL, dataDir, clock };
  const membership = await joinOrRestore({
    ...place,
    tokenFile: config.TOWPATH_JOIN_TOKEN_FILE,
    publicKey: { ...keys.publicJwk },
    kind: 'agent',
  });
  logger.info({ clusterId: membership.id, region: membership.region }, 'this agent is a member');
  const blobs = new FolderBlobs(config.TOWPATH_BLOBS_DIR);
  const images = new UnpackedImages(join(dataDir, 'images'), blobs);
  const settings = localSettings(config, join(dataDir, 'local'));
  const agent = await Agent.open({
    ...parts,
    dataDir,
    membership,
    renewal: (onRenewed) => new Renewal(membership, { ...place, logger, onRenewed }),
    keys,
    blobs,
    images,
    driver: new LocalDriver({ settings, environment: config.NODE_ENV, images, clock, random, logger }),
    logLinesPerSecond: config.TOWPATH_TENANT_LOG_LINES,
    buildEnv: buildBaseEnv(process.env, process.execPath),
  });
  return { module: AgentModule, providers: [{ provide: Agent, useValue: agent }] };
}

function isolatesNothing(): TowpathError {
  return new TowpathError(
    'FAILED_PRECONDITION',
    'The local runtime builds and runs code without isolating it, and does not start with NODE_ENV=production.',
    {
      nextStep: 'Join a Kubernetes cluster, or start it with NODE_ENV=development on a machine of your own.',
    },
  );
}
