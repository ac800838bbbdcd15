/**
 * The check of an access token as every request has it (signature, expiry, membership and session of this moment, all
 * believed for 3 s) against fast-jwt with its cache, which looks at signature, expiry, issuer and audience only. Goal:
 * issue 4 section 7. `npm run bench token-check`.
 */
import { API_AUDIENCE, TOKEN_ALGORITHM, TOKEN_ISSUER } from '#libs/domain';
import { createLogger, systemClock } from '#libs/process';
import { testDatabase } from '#libs/testing';
import { createVerifier } from 'fast-jwt';
import { Credentials } from '../apps/api/src/credential/credentials.js';
import { makeTenant } from './api.bed.js';
import { interleave, pin, type Slice, type Variant } from './protocol.js';
import { report } from './report.js';
import { makeAccessKey, signIn } from './signed-in.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 25);
const CHECKS = 50_000;
const PEOPLE = 200;

type Check = (authorization: string) => unknown;

const database = await testDatabase();
try {
  const { organizationId } = await makeTenant(database, 'bench');
  const key = await makeAccessKey(database.db);
  const headers: Buffer[] = [];
  for (let count = 0; count < PEOPLE; count += 1) {
    headers.push(Buffer.from(`Bearer ${await signIn(database.db, key, organizationId)}`));
  }
  pin(process.pid, 0);
  const ours = new Credentials(database.db, systemClock, createLogger('bench', 'silent'));
  const verify = createVerifier({
    key: key.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    algorithms: [TOKEN_ALGORITHM],
    allowedIss: TOKEN_ISSUER,
    allowedAud: API_AUDIENCE,
    cache: 10_000,
  });
  const bare: Check = (authorization) => verify(authorization.slice('Bearer '.length)) as unknown;
  const own: Check = (authorization) => ours.authenticate(authorization);
  const rounds = await interleave(
    [
      checks('token check', headers, own),
      checks('fast-jwt, cached', headers, bare),
      checks('fast-jwt again', headers, bare),
    ],
    ROUNDS,
  );
  report(
    `token-check: ${ROUNDS} rounds of ${CHECKS}`,
    rounds,
    ['fast-jwt again', 'fast-jwt, cached'],
    [{ title: 'token check / cached fast-jwt', one: 'token check', other: 'fast-jwt, cached', goal: 0.9 }],
  );
} finally {
  await database.drop();
}

/** One after the other, each header a new string as HTTP makes it, each answer awaited as a handler does. */
function checks(name: string, headers: readonly Buffer[], check: Check): Variant {
  const slice = async (): Promise<Slice> => {
    const cpu = process.cpuUsage();
    const began = performance.now();
    for (let index = 0; index < CHECKS; index += 1)
      await check((headers[index % headers.length] as Buffer).toString('latin1'));
    const seconds = (performance.now() - began) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    return { operations: CHECKS, seconds, cpuMicros: user + system };
  };
  return { name, slice };
}
