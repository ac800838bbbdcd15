import { BUILTIN_DOCUMENTS } from '#libs/domain';
import { insertAuthority } from '#libs/store';
import { TestAuthority } from '#libs/testing';
import type { ApiRig, RigTenant } from '../api.rig.js';
import type { PeopleRig } from '../people.rig.js';
import type { Input } from './walk.rig.js';

/** What of another organization an operation could be aimed at. */
export interface Things {
  tenant: RigTenant;
  project: { id: string; handle: string };
  service: string;
  secret: string;
  operation: string;
  keyId: string;
  member: string;
  invitation: string;
  grant: string;
  budget: string;
  webhook: string;
}

/** An organization with one thing of every kind. */
export async function things(rig: ApiRig, people: PeopleRig, name: string): Promise<Things> {
  const tenant = await rig.tenant(name);
  const { key } = tenant;
  const project = await rig.project(key);
  const operation = await rig.service(key, project.id, 'hello');
  const secrets = `/v1/projects/${project.id}/secrets`;
  const secret = await rig.call('POST', secrets, { key, body: { name: 'token', value: 'x' } });
  const keys = await rig.call('GET', '/v1/keys', { key });
  const service = operation.json['service'] as { id: string };
  const body = { email: 'guest@example.com', role: 'viewer' };
  const invitation = await rig.call('POST', '/v1/invitations', { key, body });
  const webhook = await rig.call('POST', '/v1/webhooks', { key, body: { url: 'https://example.com/' } });
  const budget = await rig.call('POST', '/v1/budgets', { key, body: { amount: '10' } });
  await rig.call('PUT', '/v1/cap', { key, body: { amount: '10' } });
  return {
    tenant,
    project,
    service: service.id,
    secret: String(secret.json['id']),
    operation: String(operation.json['id']),
    keyId: (keys.json['items'] as { id: string }[])[0]?.id ?? '',
    member: (await people.person(tenant.organizationId, 'viewer')).userId,
    invitation: String(invitation.json['id']),
    grant: await grantOf(rig, tenant),
    budget: String(budget.json['id']),
    webhook: String(webhook.json['id']),
  };
}

async function grantOf(rig: ApiRig, { organizationId }: RigTenant): Promise<string> {
  const { key } = await rig.tenant('operators', true);
  const body = { role: 'viewer', reason: 'a walk' };
  const made = await rig.call('POST', `/v1/organizations/${organizationId}/grants`, { key, body });
  return String((made.json['grant'] as { id: string }).id);
}

/** The root of the installation, as identity leaves it in the database. */
export async function authority(rig: ApiRig): Promise<void> {
  const record = { certificate: (await TestAuthority.make()).root, sealedKey: Buffer.from('sealed') };
  const { domain } = rig.parts.installation;
  await rig.database.db.asSystem((tx) => insertAuthority(tx, domain, record, rig.parts.clock.now()));
}

/** A well-formed input of the operation that names these things. */
export function inputFor(name: string, fields: string[], of: Things): Input {
  const refs: Input = {
    organization: of.tenant.organizationId,
    project: of.project.id,
    service: of.service,
    secret: of.secret,
    operation: of.operation,
    key: of.keyId,
    member: of.member,
    invitation: of.invitation,
    grant: of.grant,
    budget: of.budget,
    webhook: of.webhook,
    revision: 'hello-00001',
    ...BODIES[name],
  };
  const wanted = [...fields, ...Object.keys(BODIES[name] ?? {})];
  return Object.fromEntries(Object.entries(refs).filter(([field]) => wanted.includes(field)));
}

/** Fields that name a thing of an organization. */
export const REFERENCES = [
  ...['organization', 'project', 'service', 'secret', 'operation', 'key', 'revision'],
  ...['member', 'invitation', 'grant', 'budget', 'webhook'],
];
const traffic = [{ revision: 'latest', percent: 100 }];
const BODIES: Record<string, Input> = {
  'organizations.update': { name: 'New' },
  'organizations.suspend': { reason: 'because' },
  'organizations.setQuota': { gpus: 4 },
  'grants.create': { role: 'viewer', reason: 'because' },
  'organizations.erase': { reason: 'because' },
  'members.update': { role: 'viewer' },
  'invitations.create': { email: 'other@example.com', role: 'viewer' },
  'keys.create': { name: 'k', role: 'viewer' },
  'quarantine.release': { reason: 'unknown_service' },
  'quarantine.dismiss': { reason: 'malformed', because: 'because' },
  'webhooks.create': { url: 'https://example.com/other' },
  'budgets.create': { amount: '25.50' },
  'budgets.update': { amount: '30' },
  'caps.set': { amount: '25.50' },
  'secrets.create': { name: 'other', value: 'v' },
  'secrets.addVersion': { value: 'v' },
  'services.create': { name: 'other', template: { source: { uploadId: 'upl_00000000000000000000' } } },
  'services.update': { access: 'public' },
  'traffic.set': { traffic },
  'clusters.setPrice': { currency: 'USD', vcpuSecond: '0.00001', gibSecond: '0.000001' },
  'gpuClasses.create': { name: 'l4', nodeLabels: [{ name: 'gpu', value: 'l4' }] },
  'gpuClasses.get': { gpuClass: 'nothing' },
  'plans.get': { plan: 'builtin' },
  'plans.create': { document: BUILTIN_DOCUMENTS[0] },
  'plans.preview': {
    document: { ...BUILTIN_DOCUMENTS[0], version: 2, effectiveFrom: '2100-01-01T00:00:00Z' },
  },
  'accounts.update': { buyer: { name: 'Buyer', address: ['1 Road'], country: 'DE' } },
  'accounts.setTerms': { plan: 'builtin' },
  'credits.create': { name: 'Credit', amount: '1', currency: 'USD' },
  'invoices.get': { invoice: 'INV-1-000001' },
  'invoices.document': { invoice: 'INV-1-000001' },
  'invoices.void': { invoice: 'INV-1-000001' },
  'invoices.recordPayment': { invoice: 'INV-1-000001', amount: '1', currency: 'USD' },
  'bill.request': { request: 'nothing' },
  'bill.line': { line: 'cpu' },
  'bill.explain': { line: 'cpu' },
  'bill.exportWindows': { line: 'cpu' },
  'bill.explainWindow': { window: 'rev_00000000000000000000-1795219200000-default', line: 'cpu' },
  'adjustments.create': { amount: '1', currency: 'USD', reason: 'Goodwill' },
  'credits.revoke': { credit: 'crd_00000000000000000000' },
};
