/** What a person would write to keep usage: nothing is checked, nothing is marked, one statement. */
import { finished } from 'node:stream/promises';
import type { UsageRecord } from '#libs/domain';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

type Value = string | number | boolean | null | undefined;

const COLUMNS: readonly [string, string, (record: UsageRecord) => Value][] = [
  ['producer', 'text', ({ producer }) => producer],
  ['position', 'bigint', ({ position }) => position],
  ['organization_id', 'text', ({ organizationId }) => organizationId],
  ['project_id', 'text', ({ projectId }) => projectId],
  ['service_id', 'text', ({ serviceId }) => serviceId],
  ['revision_id', 'text', ({ revisionId }) => revisionId],
  ['gateway_id', 'text', ({ gatewayId }) => gatewayId],
  ['region', 'text', ({ region }) => region],
  ['price_zone', 'text', () => 'default'],
  ['stream_id', 'text', ({ streamId }) => streamId],
  ['part', 'integer', ({ part }) => part],
  ['last', 'boolean', ({ last }) => last],
  ['start_ms', 'bigint', ({ startMs }) => startMs],
  ['end_ms', 'bigint', ({ endMs }) => endMs],
  ['request_bytes', 'bigint', ({ requestBytes }) => requestBytes],
  ['response_bytes', 'bigint', ({ responseBytes }) => responseBytes],
  ['status', 'integer', ({ status }) => status],
  ['flags', 'text', ({ flags }) => flags],
  ['reached', 'boolean', ({ reached }) => reached],
  ['attempts', 'integer', ({ attempts }) => attempts],
  ['billable', 'boolean', ({ reached }) => reached],
  ['not_billable_reason', 'text', ({ reached }) => (reached ? null : 'rate_limited')],
];
const NAMES = COLUMNS.map(([name]) => name).join(', ');

/** A table of the shape of usage_records with its unique index. */
export async function makePeerTable(client: pg.Client, table: string): Promise<void> {
  await client.query(`CREATE TABLE ${table} (LIKE usage_records, PRIMARY KEY (producer, position))`);
}

export async function copyInto(
  client: pg.Client,
  table: string,
  records: readonly UsageRecord[],
): Promise<void> {
  const lineOf = (record: UsageRecord): string =>
    COLUMNS.map(([, , of]) => String(of(record) ?? '\\N')).join('\t');
  const lines = records.map(lineOf);
  const stream = client.query(copyFrom(`COPY ${table} (${NAMES}) FROM STDIN`));
  stream.end(`${lines.join('\n')}\n`);
  await finished(stream);
}

/** Exactly once, as far as one statement can be: what is there stays. */
export async function unnestInto(
  client: pg.Client,
  table: string,
  records: readonly UsageRecord[],
): Promise<void> {
  const values = COLUMNS.map(([, , of]) => records.map((record) => of(record) ?? null));
  const lists = COLUMNS.map(([, type], i) => `$${i + 1}::${type}[]`).join(', ');
  await client.query({
    name: `unnest_${table}`,
    text: `INSERT INTO ${table} (${NAMES}) SELECT * FROM unnest(${lists}) ON CONFLICT (producer, position) DO NOTHING`,
    values,
  });
}
