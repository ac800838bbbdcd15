import { statement, type Statement } from './statement.js';

/** What an erasure does with the rows of an organization in one table; every table with an organization is here. */
export interface TenantTable {
  name: string;
  /** erased: gone. emptied: the row stays, with ids, times and numbers only. held: it never held anything else. */
  fate: 'erased' | 'emptied' | 'held';
  /** Does it to the rows of organization $1 and tells how many. */
  sql: Statement<{ count: number }>;
}

const counted = (name: string, change: string): Statement<{ count: number }> =>
  statement(
    `erasure_${name}`,
    `WITH done AS (${change} RETURNING 1) SELECT count(*)::int AS count FROM done`,
  );

const erased = (name: string, where = 'organization_id = $1'): TenantTable => ({
  name,
  fate: 'erased',
  sql: counted(name, `DELETE FROM ${name} WHERE ${where}`),
});

const emptied = (name: string, set: string, where = 'organization_id = $1'): TenantTable => ({
  name,
  fate: 'emptied',
  sql: counted(name, `UPDATE ${name} SET ${set} WHERE ${where}`),
});

const held = (name: string): TenantTable => ({
  name,
  fate: 'held',
  sql: statement(`erasure_${name}`, `SELECT count(*)::int AS count FROM ${name} WHERE organization_id = $1`),
});

/** What a bill is reckoned from, out of a template or a revision's spec. */
const measures = (column: string): string => `jsonb_build_object('env', '[]'::jsonb,
  'resources', ${column}->'resources', 'sidecars', (SELECT coalesce(jsonb_agg(jsonb_build_object('resources', c->'resources')), '[]')
    FROM jsonb_array_elements(${column}->'sidecars') c), 'concurrency', ${column}->'concurrency',
  'timeoutSeconds', ${column}->'timeoutSeconds', 'maxInstances', ${column}->'maxInstances',
  'port', ${column}->'port', 'protocol', ${column}->'protocol')`;

/**
 * In an order that the foreign keys allow. A new table with organization_id belongs here before it can be merged (a test
 * reads the catalog): `erased` when it holds anything a person could have written, `held` when a bill or the audit needs it.
 */
export const TENANT_TABLES: readonly TenantTable[] = [
  erased('traffic_changes'),
  erased('cap_allowances'),
  erased('caps'),
  erased('budget_alerts'),
  erased('budget_states'),
  erased('budgets'),
  erased('webhook_deliveries'),
  erased('webhooks'),
  erased('notices'),
  erased('operations'),
  erased('placements'),
  erased('targets'),
  erased('routes'),
  erased('held_services'),
  erased('builds'),
  erased('uploads'),
  erased('secret_versions'),
  erased('secrets'),
  erased('data_keys'),
  erased('api_keys'),
  erased('invitations'),
  erased('device_requests'),
  erased('sessions'),
  erased('memberships'),
  // answers that were given to the platform's operators name it too
  erased('idempotency_keys', `organization_id = $1 OR body->>'id' = $1`),
  erased('handles'),
  erased('billing_accounts'),
  erased('invoice_buyers'),
  emptied('credits', 'name = id'),
  emptied(
    'revisions',
    `name = id, status = '{"conditions":[],"instances":0}', spec = ${measures('spec')} || '{"imageDigest":""}'`,
  ),
  emptied(
    'services',
    `name = id, traffic = '[]', status = '{"observedGeneration":0,"traffic":[],"conditions":[]}',
     template = ${measures('template')}`,
  ),
  emptied('projects', 'name = id, handle = id, deleted_at = coalesce(deleted_at, now())'),
  // also what other organizations' rows, those of the operators, say of it
  emptied('audit_rows', 'before = NULL, after = NULL', 'organization_id = $1 OR object = $1'),
  // what somebody said about an adjustment
  erased('ledger_notes'),
  held('billing_terms'),
  held('invoices'),
  held('invoiced_months'),
  held('credit_uses'),
  held('invoice_adjustments'),
  held('payments'),
  held('usage_records'),
  held('billing_windows'),
  held('billing_dirty_windows'),
  held('instance_intervals'),
  held('instance_slices'),
  held('cold_starts'),
  held('build_times'),
  held('instance_time'),
  held('instance_gpu_time'),
  held('ledger_windows'),
  held('ledger_due'),
  held('open_invoices'),
  held('ledger_seals'),
  held('ledger_days'),
  held('ledger_lines'),
  held('ledger_entries'),
  held('ledger_postings'),
  held('outbox'),
  held('erasures'),
];
