import { readFile } from 'node:fs/promises';
import { Bus, ensureHubTopology } from '#libs/bus';
import { API_AUDIENCE } from '#libs/domain';
import type { Loop, ProcessParts } from '#libs/process';
import { Database, parseMasterKey } from '#libs/store';
import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Authority } from './authority/authority.js';
import { PeerAuthorities } from './authority/peer.authorities.js';
import { CertificateController } from './authority/certificate.controller.js';
import { showCallerKeys } from './callers/caller.keys.js';
import { answerCallers } from './callers/caller.tokens.js';
import { firstRun } from './first-run/first-run.js';
import { giveGatewayTokens } from './first-run/gateway.tokens.js';
import type { IdentityConfig } from './identity.config.js';
import { CredentialSigner } from './join/credentials.js';
import { JoinCommands } from './join/join.commands.js';
import { JoinController } from './join/join.controller.js';
import { LOGGER, ProblemFilter } from './join/problem.filter.js';
import { PasswordHasher } from './people/password.hasher.js';
import { answerPeople } from './people/people.answers.js';
import { peopleCommands } from './people/people.commands.js';
import type { PeopleParts } from './people/people.parts.js';
import { TokenSigner } from './signing/token.signer.js';

@Module({})
class IdentityModule {}

/** Closes what identity holds open, last of all. */
class IdentityLife implements OnApplicationShutdown {
  constructor(
    private readonly db: Database,
    private readonly bus: Bus,
    private readonly callerKeys: Loop,
    private readonly endAnswers: (() => Promise<void>)[],
  ) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.endAnswers.map((end) => end()));
    await this.callerKeys.stop();
    await this.bus.close();
    await this.db.close();
  }
}

/** Connects, makes the first organization if there is none, serves joining, and answers about people. */
export async function identityModule(config: IdentityConfig, parts: ProcessParts): Promise<DynamicModule> {
  const { random, logger } = parts;
  const creds = await readFile(config.TOWPATH_NATS_CREDS, 'utf8');
  const seed = (await readFile(config.TOWPATH_NATS_ACCOUNT_SEED_FILE, 'utf8')).trim();
  const db = Database.open({ systemUrl: config.TOWPATH_SYSTEM_DATABASE_URL });
  const clock = await db.clock(logger);
  const bus = await Bus.connect({ servers: config.NATS_URL, creds, name: 'identity', waits: true });
  await ensureHubTopology(bus);
  const region = config.TOWPATH_GATEWAY_REGION;
  const bootstrapFile = config.TOWPATH_BOOTSTRAP_FILE;
  const first = await firstRun({ db, clock, random, bootstrapFile, gatewayRegion: region });
  if (first) logger.info('first run: made the first organization and its operator');
  await giveGatewayTokens({ db, clock, random, files: config.TOWPATH_GATEWAY_TOKEN_FILES, region });
  const joinParts = { db, bus, clock, random, signer: new CredentialSigner(seed), natsUrl: config.NATS_URL };
  const joining = new JoinCommands(joinParts);
  const masterKey = parseMasterKey(await readFile(config.TOWPATH_MASTER_KEY_FILE, 'utf8'));
  const signer = new TokenSigner({ db, clock, masterKey });
  const people = peopleCommands(peopleParts({ ...parts, clock }, db, signer));
  const authorityParts = { db, clock, masterKey, lifeSeconds: config.TOWPATH_CERTIFICATE_SECONDS };
  const authority = await Authority.open({ ...authorityParts, domain: config.TOWPATH_DOMAIN });
  const peers = await PeerAuthorities.open(authorityParts);
  const callerParts = { db, bus, clock, signer, logger };
  const callerKeys = showCallerKeys(callerParts);
  callerKeys.start();
  const ends = [answerPeople(bus, people, logger), answerCallers(bus, callerParts)];
  const life = new IdentityLife(db, bus, callerKeys, ends);
  return identityModuleOf(joining, { authority, peers }, life, parts);
}

function peopleParts(
  { clock, random, metrics }: ProcessParts,
  db: Database,
  signer: TokenSigner,
): PeopleParts {
  const hashes = metrics.counter('towpath_identity_password_hashes_total', 'argon2id computed');
  const sign: PeopleParts['sign'] = (claims, seconds) =>
    signer.signToken('access', { ...claims, aud: API_AUDIENCE }, seconds);
  return { db, clock, random, hasher: new PasswordHasher(random, () => hashes.inc()), sign };
}

/** The module around commands that are already built. */
function identityModuleOf(
  commands: JoinCommands,
  { authority, peers }: { authority: Authority; peers: PeerAuthorities },
  life: OnApplicationShutdown,
  { logger }: Pick<ProcessParts, 'logger'>,
): DynamicModule {
  return {
    module: IdentityModule,
    controllers: [JoinController, CertificateController],
    providers: [
      { provide: JoinCommands, useValue: commands },
      { provide: Authority, useValue: authority },
      { provide: PeerAuthorities, useValue: peers },
      { provide: IdentityLife, useValue: life },
      { provide: LOGGER, useValue: logger },
      ProblemFilter,
    ],
  };
}
