import { Module, type DynamicModule } from '@nestjs/common';
import { Renewal, joinOrRestore } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import { FolderBlobs } from '#libs/store';
import { Agent } from './agent.js';
import type { AgentConfig } from './agent.config.js';
import { buildBaseEnv } from './builds/build.environment.js';
import { knativeRuntime } from './drivers/knative/knative.runtime.js';
import { localRuntime } from './drivers/local/local.runtime.js';
import { loadAgentKeys } from './join/agent.keys.js';

@Module({})
export class AgentModule {}

/** Joins or restores the membership, then wires the agent with its runtime. */
export async function agentModule(config: AgentConfig, parts: ProcessParts): Promise<DynamicModule> {
  const { logger, clock } = parts;
  const dataDir = config.TOWPATH_DATA_DIR;
  const blobs = new FolderBlobs(config.TOWPATH_BLOBS_DIR);
  // Before joining: a runtime that cannot start here uses no token up.
  const local = config.TOWPATH_RUNTIME === 'local' ? localRuntime(config, parts, blobs) : undefined;
  const keys = await loadAgentKeys(dataDir);
  const place = { url: config.TOWPATH_JOIN_URL, dataDir, clock };
  const membership = await joinOrRestore({
    ...place,
    tokenFile: config.TOWPATH_JOIN_TOKEN_FILE,
    publicKey: { ...keys.publicJwk },
    ...(config.TOWPATH_CLUSTER === undefined ? {} : { cluster: config.TOWPATH_CLUSTER }),
    kind: 'agent',
  });
  logger.info({ clusterId: membership.id, region: membership.region }, 'this agent is a member');
  const nats = config.TOWPATH_NATS_URL === undefined ? {} : { natsUrl: config.TOWPATH_NATS_URL };
  const agent = await Agent.open({
    ...parts,
    dataDir,
    membership,
    renewal: (onRenewed) => new Renewal(membership, { ...place, ...nats, logger, onRenewed }),
    keys,
    blobs,
    logLinesPerSecond: config.TOWPATH_TENANT_LOG_LINES,
    runtime: local ?? (await knativeRuntime(config, parts, blobs, membership)),
    buildEnv: buildBaseEnv(process.env, process.execPath),
  });
  return { module: AgentModule, providers: [{ provide: Agent, useValue: agent }] };
}
