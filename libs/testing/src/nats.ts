import { Bus, type Permissions } from '#libs/bus';
import { createUser, encodeUser, fmtCreds } from '@nats-io/jwt';
import { fromSeed } from '@nats-io/nkeys';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { testEnvironment } from './environment.js';
import { until } from './until.js';

/** An empty NATS account of one test file's own, on the real nats-server of the test run. */
export interface TestNats {
  url: string;
  /** Signs users of the account. */
  accountSeed: string;
  /** Contents of a credentials file with those rights; without any, with all rights. */
  credentials(name: string, permissions?: Permissions): Promise<string>;
  /** A connection of the hub (all rights); closed by `release`. */
  bus: Bus;
  /** Deletes every stream and gives the account back. */
  release(): Promise<void>;
}

/** Takes an account of the pool that tools/test.mjs made. Call in beforeAll, `release` in afterAll. */
export async function testNats(): Promise<TestNats> {
  const url = testEnvironment('TEST_NATS_URL');
  const { accountSeed, giveBack } = claimAccount(testEnvironment('TEST_NATS_ACCOUNTS_FILE'));
  const credentials = (name: string, permissions?: Permissions): Promise<string> =>
    credentialsOf(accountSeed, name, permissions);
  const bus = await Bus.connect({ servers: url, creds: await credentials('hub'), name: 'test-hub' });
  return {
    url,
    accountSeed,
    credentials,
    bus,
    release: async () => {
      // A busy server may be late with an answer.
      const gone = (): Promise<boolean> => deleteStreams(bus).then(() => true);
      await until(gone, { what: 'the end of the streams', deadlineMs: 30_000 });
      await bus.close();
      giveBack();
    },
  };
}

/** One file per claimed account: exclusive creation is the lock between jest's workers. */
function claimAccount(file: string): { accountSeed: string; giveBack: () => void } {
  const seeds = JSON.parse(readFileSync(file, 'utf8')) as string[];
  for (const [index, accountSeed] of seeds.entries()) {
    const claim = `${file}.${index}`;
    try {
      closeSync(openSync(claim, 'wx'));
    } catch {
      continue;
    }
    return { accountSeed, giveBack: () => rmSync(claim, { force: true }) };
  }
  throw new Error(
    `all ${seeds.length} NATS accounts of the test run are taken: does a test file forget to release?`,
  );
}

async function credentialsOf(accountSeed: string, name: string, permissions?: Permissions): Promise<string> {
  const user = createUser();
  const account = fromSeed(new TextEncoder().encode(accountSeed));
  // the encoder wants all four lists; empty ones mean everything
  const rights = {
    pub: { allow: permissions?.pub.allow ?? [], deny: [] },
    sub: { allow: permissions?.sub.allow ?? [], deny: [] },
  };
  return new TextDecoder().decode(fmtCreds(await encodeUser(name, user, account, rights, {}), user));
}

async function deleteStreams(bus: Bus): Promise<void> {
  const jsm = await bus.jsm();
  const names: string[] = [];
  for await (const name of jsm.streams.names()) names.push(name);
  await Promise.all(names.map((name) => jsm.streams.delete(name)));
}
