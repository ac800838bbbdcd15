import type { Bus } from './bus.js';
import { STREAMS, kvStream, kvSubject } from './names.js';

/**
 * Marks keys as gone, so that whoever follows the bucket forgets them; the markers still carry the keys' names.
 * @returns how many held a value until now
 */
export async function forgetKeys(
  bus: Bus,
  bucket: string,
  isMeant: (key: string) => boolean,
): Promise<number> {
  const kv = await bus.kv(bucket);
  const keys = (await bus.listKeys(bucket, '>')).filter(isMeant);
  for (const key of keys) await kv.purge(key);
  return keys.length;
}

/** Durable consumers of a bucket that have not handled everything in it. */
export async function laggards(bus: Bus, bucket: string): Promise<string[]> {
  const behind: string[] = [];
  for await (const consumer of (await bus.jsm()).consumers.list(kvStream(bucket))) {
    const { config, num_pending: waiting, num_ack_pending: inHand } = consumer;
    if (config.durable_name !== undefined && waiting + inHand > 0) behind.push(config.durable_name);
  }
  return behind;
}

/** Takes keys out of the bucket's stream, with their markers: nothing of them is left, also not their names. */
export async function purgeKeys(bus: Bus, bucket: string, isMeant: (key: string) => boolean): Promise<void> {
  const prefix = kvSubject(bucket, '');
  await purge(bus, kvStream(bucket), (subject) => isMeant(subject.slice(prefix.length)));
}

/** Takes every line that was logged about these services and builds out of the stream; how many messages they were. */
export function purgeLogs(bus: Bus, about: ReadonlySet<string>): Promise<number> {
  return purge(bus, STREAMS.logs, (subject) => about.has(subject.split('.')[1] ?? ''));
}

async function purge(bus: Bus, stream: string, isMeant: (subject: string) => boolean): Promise<number> {
  const jsm = await bus.jsm();
  const { state } = await jsm.streams.info(stream, { subjects_filter: '>' });
  let purged = 0;
  for (const subject of Object.keys(state.subjects ?? {}).filter(isMeant))
    purged += (await jsm.streams.purge(stream, { filter: subject })).purged;
  return purged;
}
