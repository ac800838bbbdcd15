import type { PoolClient } from 'pg';
import type { Writable } from 'node:stream';

const gathering = new WeakSet<PoolClient>();

/**
 * What a session that sends ahead is asked in this turn goes out as one write: a system call costs more than the statement
 * it carries. (pg shows its socket to nobody's types.)
 */
export function gatherWrites(client: PoolClient): void {
  if (gathering.has(client)) return;
  const { stream } = (client as unknown as { connection: { stream: Writable } }).connection;
  gathering.add(client);
  stream.cork();
  process.nextTick(() => {
    gathering.delete(client);
    stream.uncork();
  });
}
