import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import pg from 'pg';
import { entriesOf } from './processes.js';
import type { Platform } from './tenant.js';

/** Folders of files that processes write; rows and messages are read through their servers. */
const FOLDERS = ['agent', 'gateway', 'blobs', 'logs', 'keys'];

/**
 * Every place where a platform keeps anything: rows of all tables, messages of all streams and buckets, files. Looks
 * inside, as no client could.
 * @returns where texts that match were found: text -> places
 */
export async function searchStores(platform: Platform, wanted: RegExp): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const look = (place: string, text: string): void => {
    for (const [match] of text.matchAll(wanted)) {
      const value = match.toLowerCase();
      const places = found.get(value) ?? [];
      if (!places.includes(place)) found.set(value, [...places, place]);
    }
  };
  await searchRows(platform, look);
  await searchMessages(platform, look);
  for (const folder of FOLDERS) searchFiles(path.join(platform.dataDir, folder), folder, look);
  return found;
}

type Look = (place: string, text: string) => void;

/** Rows of a question to the database, past row-level security. */
export async function rowsOf<Row extends object>(
  platform: Platform,
  sql: string,
  values: string[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: address(platform) });
  await client.connect();
  try {
    return (await client.query<Row>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

function address({ dataDir }: Platform): string {
  const password = readFileSync(path.join(dataDir, 'keys/postgres.password'), 'utf8').trim();
  return `postgresql://postgres:${password}@127.0.0.1:${portOf(dataDir, 'postgres')}/towpath`;
}

function portOf(dataDir: string, name: string): number {
  const run = JSON.parse(readFileSync(path.join(dataDir, 'run.json'), 'utf8')) as {
    ports: Record<string, number>;
  };
  return run.ports[name] ?? 0;
}

async function searchRows(platform: Platform, look: Look): Promise<void> {
  const tables = await rowsOf<{ name: string }>(
    platform,
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
  );
  for (const { name } of tables) {
    const rows = await rowsOf<{ row: string }>(
      platform,
      `SELECT row_to_json(t)::text AS row FROM "${name}" t`,
    );
    look(`table ${name}`, rows.map(({ row }) => row + decoded(row)).join('\n'));
  }
}

/** Bytes stand in a row as hex. */
function decoded(row: string): string {
  const texts = [...row.matchAll(/\\\\x([0-9a-f]+)/g)].map(([, hex = '']) =>
    Buffer.from(hex, 'hex').toString('latin1'),
  );
  return texts.join('\n');
}

async function searchMessages({ dataDir }: Platform, look: Look): Promise<void> {
  const creds = readFileSync(path.join(dataDir, 'keys/hub.creds'));
  const servers = `127.0.0.1:${portOf(dataDir, 'nats')}`;
  const nc = await connect({ servers, authenticator: credsAuthenticator(creds), name: 'story' });
  const jsm = await jetstreamManager(nc);
  for await (const { config, state } of jsm.streams.list()) {
    for (let seq = state.first_seq; state.messages > 0 && seq <= state.last_seq; seq++) {
      const message = await jsm.streams.getMessage(config.name, { seq }).catch(() => undefined);
      if (message) look(`stream ${config.name}`, `${message.subject} ${message.string()}`);
    }
  }
  await nc.close();
}

function searchFiles(folder: string, place: string, look: Look): void {
  for (const entry of entriesOf(folder)) {
    const at = path.join(folder, entry.name);
    // The spool is one place, whatever its files are called.
    const name = entry.name.startsWith('access.log') ? 'spool' : `${place}/${entry.name}`;
    look(name, entry.name);
    if (entry.isDirectory()) searchFiles(at, name, look);
    else if (entry.isFile()) look(name, textOf(at));
  }
}

/** Unpacked when it is packed; empty when it went meanwhile. */
function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1');
  } catch {
    return '';
  }
}
