import { join } from 'node:path';
import { exportJWK, generateKeyPair, importJWK, type CryptoKey, type JWK } from 'jose';
import { readIfThere, writeDurably } from '../files/durable.file.js';

/** The agent's X25519 pair: secrets are sealed to the public half, only this process opens them. */
export interface AgentKeys {
  publicJwk: JWK;
  privateKey: CryptoKey;
}

const FILE = 'agent.key.json';
const ALGORITHM = 'ECDH-ES+A256KW';

/** Reads the pair from the data folder; the first start makes it (file mode 0600). */
export async function loadAgentKeys(dataDir: string): Promise<AgentKeys> {
  const path = join(dataDir, FILE);
  const text = await readIfThere(path);
  return keysOf(text === undefined ? await makeKeys(path) : (JSON.parse(text) as JWK));
}

async function makeKeys(path: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { crv: 'X25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  await writeDurably(path, JSON.stringify(jwk));
  return jwk;
}

async function keysOf(jwk: JWK): Promise<AgentKeys> {
  const { kty, crv, x } = jwk;
  if (kty !== 'OKP' || crv !== 'X25519' || x === undefined)
    throw new Error('the agent’s key file is damaged');
  const privateKey = (await importJWK(jwk, ALGORITHM)) as CryptoKey;
  return { publicJwk: { kty, crv, x }, privateKey };
}
