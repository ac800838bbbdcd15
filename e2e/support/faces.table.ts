import { randomBytes } from 'node:crypto';
import { CLUSTER_COMMANDS } from './faces.clusters.js';
import type { Step, Twin } from './faces.step.js';
import { PASSWORD } from './person.js';
import type { Fields } from './walk.js';

const env = (value: string): Fields => ({ env: [{ name: 'GREETING', value }] });

/** Keeps what a sign-in gave. */
const signedIn = (answer: Fields, twin: Twin): void => {
  twin['access'] = String(answer['accessToken']);
  twin['refresh'] = String(answer['refreshToken']);
  twin['session'] = String(answer['sessionId']);
  twin['member'] = String((answer['user'] as Fields)['id']);
};

/** A plan of the twin's own; no organization is billed by it. */
const pricePlan = ({ project }: Twin): Fields => ({
  id: `plan-${project}`,
  version: 1,
  name: 'A plan',
  currency: 'USD',
  decimals: 2,
  effectiveFrom: '2026-01-01T00:00:00Z',
  items: [{ id: 'requests', name: 'Requests', measure: 'requests', rate: '0.001', unit: 'request' }],
});

export const COMMANDS: Record<string, Step> = {
  'invitations.create': {
    fields: ({ email }) => ({ email, role: 'viewer' }),
    made: (answer, twin) => (twin['token'] = String(answer['token'])),
  },
  'invitations.revoke': { fields: (twin) => ({ invitation: twin['unwanted'] }) },
  'invitations.accept': { fields: ({ token }) => ({ token, password: PASSWORD }), made: signedIn },
  'sessions.end': { person: true, fields: () => ({ session: 'current' }) },
  'sessions.create': { fields: ({ email }) => ({ email, password: PASSWORD }), made: signedIn },
  'passwords.change': { person: true, fields: () => ({ current: PASSWORD, password: `${PASSWORD}!` }) },
  'devices.start': {
    fields: () => ({}),
    made: (answer, twin) => {
      twin['device'] = String(answer['deviceCode']);
      twin['code'] = String(answer['userCode']);
    },
  },
  'devices.decide': { person: true, fields: ({ code }) => ({ code, approve: true }) },
  'devices.poll': { fields: (twin) => ({ deviceCode: twin['device'] }) },
  'invitations.join': { person: true, fields: (twin) => ({ token: twin['elsewhere'] }) },
  'members.update': { fields: ({ member }) => ({ member, role: 'developer' }) },
  'members.remove': { fields: ({ member }) => ({ member }) },
  'sessions.refresh': {
    fields: (twin) => ({ refreshToken: twin['refresh'], organization: twin['other'] }),
    made: signedIn,
  },
  'members.leave': { person: true, fields: () => ({}) },
  'organizations.create': {
    operator: true,
    fields: (twin) => ({ name: `story-${twin.project}` }),
    made: (answer, twin) => (twin['madeOrganization'] = (answer['organization'] as { id: string }).id),
  },
  'accounts.update': {
    fields: (twin) => ({
      organization: twin['organization'],
      buyer: { name: 'Buyer', address: ['1 Road', 'Town'], country: 'DE', email: 'buyer@example.com' },
    }),
  },
  'accounts.setTerms': {
    operator: true,
    fields: (twin) => ({
      organization: twin['madeOrganization'],
      plan: 'memory-ticks',
      discountPercent: '12.5',
      taxes: [{ name: 'VAT', percent: '19' }],
    }),
  },
  'credits.create': {
    operator: true,
    fields: (twin) => ({
      organization: twin['madeOrganization'],
      name: 'Start',
      amount: '10',
      currency: 'USD',
    }),
    made: (answer, twin) => (twin['credit'] = String(answer['id'])),
  },
  'adjustments.create': {
    operator: true,
    fields: (twin) => ({
      organization: twin['madeOrganization'],
      amount: '-1.50',
      currency: 'USD',
      reason: 'An hour without service',
      reference: 'ticket-7',
    }),
  },
  'credits.revoke': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], credit: twin['credit'] }),
  },
  'organizations.suspend': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], reason: 'a story' }),
  },
  'organizations.setQuota': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], gpus: 4 }),
  },
  'organizations.resume': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'organizations.close': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'organizations.erase': {
    operator: true,
    fields: (twin) => ({ organization: twin['leaving'], reason: 'a story' }),
  },
  'organizations.reopen': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'grants.create': {
    operator: true,
    fields: (twin) => ({ organization: twin['organization'], role: 'viewer', reason: 'a story' }),
    made: (answer, twin) => (twin['grant'] = (answer['grant'] as { id: string }).id),
  },
  'grants.revoke': {
    fields: (twin) => ({ organization: twin['organization'], grant: twin['grant'] }),
  },
  'organizations.update': { fields: (twin) => ({ organization: twin['organization'], name: 'renamed' }) },
  'projects.create': {
    fields: () => ({
      name: `made-${randomBytes(3).toString('hex')}`,
      handle: `h${randomBytes(4).toString('hex')}`,
    }),
    made: (answer, twin) => (twin['madeProject'] = String(answer['handle'])),
  },
  'projects.delete': { fields: (twin) => ({ project: twin['madeProject'] }) },
  'keys.create': {
    fields: () => ({ name: 'reader', role: 'viewer' }),
    made: (answer, twin) => (twin['key'] = String(answer['id'])),
  },
  'keys.revoke': { fields: (twin) => ({ key: twin['key'] }) },
  'budgets.create': {
    fields: ({ project }) => ({ project, amount: '25.50', thresholds: [{ percent: 80, on: 'forecast' }] }),
    made: (answer, twin) => (twin['budget'] = String(answer['id'])),
  },
  'webhooks.create': {
    fields: () => ({ url: 'https://example.com/' }),
    made: (answer, twin) => (twin['webhook'] = String(answer['id'])),
  },
  'webhooks.delete': { fields: (twin) => ({ webhook: twin['webhook'] }) },
  'budgets.update': { fields: (twin) => ({ budget: twin['budget'], amount: '30' }) },
  'budgets.delete': { fields: (twin) => ({ budget: twin['budget'] }) },
  'caps.delete': {
    fields: () => ({}),
    first: (api) => api.ok('PUT', '/v1/cap', { amount: '1000000' }),
  },
  'caps.set': { fields: () => ({ amount: '1000000' }) },
  'secrets.create': { fields: ({ project }) => ({ project, name: 'token', value: 'one' }) },
  'secrets.addVersion': { fields: ({ project }) => ({ project, secret: 'token', value: 'two' }) },
  'secrets.delete': { fields: ({ project }) => ({ project, secret: 'token' }) },
  'services.create': {
    fields: ({ project, upload }) => ({
      project,
      name: 'twin',
      access: 'public',
      wait: '120s',
      template: { source: { uploadId: upload }, ...env('one') },
    }),
    made: (answer, twin) => (twin['operation'] = String(answer['id'])),
  },
  'services.update': {
    fields: ({ project }) => ({ project, service: 'twin', wait: '120s', template: env('two') }),
  },
  'traffic.set': {
    fields: ({ project }) => ({
      project,
      service: 'twin',
      wait: '120s',
      traffic: [
        { revision: 'twin-00001', percent: 30, tag: 'old' },
        { revision: 'latest', percent: 70 },
      ],
    }),
  },
  'services.token': { fields: ({ project }) => ({ project, service: 'twin', lifetimeSeconds: 60 }) },
  'services.rollback': { fields: ({ project }) => ({ project, service: 'twin', wait: '120s' }) },
  'quarantine.release': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], reason: 'unknown_service' }),
  },
  'quarantine.dismiss': {
    operator: true,
    fields: () => ({ reason: 'not_positive', because: 'a story' }),
  },
  'plans.create': {
    operator: true,
    fields: (twin) => ({ document: pricePlan(twin) }),
    made: (answer, twin) => (twin['plan'] = (answer['version'] as { plan: string }).plan),
  },
  ...CLUSTER_COMMANDS,
};

export const QUERIES: Record<string, Omit<Step, 'made'>> = {
  'whoami.get': { fields: () => ({}) },
  'trust.get': { fields: () => ({}) },
  'organizations.list': { fields: () => ({}) },
  'organizations.get': { fields: (twin) => ({ organization: twin['organization'] }) },
  'organizations.erasure': { operator: true, fields: (twin) => ({ organization: twin['leaving'] }) },
  'grants.list': { fields: (twin) => ({ organization: twin['organization'] }) },
  'projects.list': { fields: () => ({}) },
  'projects.get': { fields: ({ project }) => ({ project }) },
  'keys.list': { fields: () => ({}) },
  'secrets.list': { fields: ({ project }) => ({ project }) },
  'secrets.get': { fields: ({ project }) => ({ project, secret: 'kept' }) },
  'services.list': { fields: ({ project }) => ({ project }) },
  'services.get': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'revisions.list': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'revisions.get': { fields: ({ project }) => ({ project, service: 'twin', revision: 'twin-00001' }) },
  'traffic.get': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'traffic.changes': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'operations.list': { fields: ({ project }) => ({ project }) },
  'operations.get': { fields: (twin) => ({ operation: twin['operation'] }) },
  'logs.read': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'usage.read': { fields: ({ project }) => ({ project }) },
  'usage.records': { fields: ({ project }) => ({ project, service: 'twin' }) },
  'bill.read': { fields: () => ({}) },
  'bill.replay': { fields: () => ({ month: '2026-01' }) },
  'bill.line': { fields: () => ({ line: 'cpu' }) },
  'bill.explain': { fields: () => ({ line: 'cpu' }) },
  'budgets.list': { fields: () => ({}) },
  'caps.get': { fields: () => ({}) },
  'budgets.get': { fields: (twin) => ({ budget: twin['keptBudget'] }) },
  'notices.list': { fields: () => ({}) },
  'ledger.get': { fields: () => ({}) },
  'ledger.entries': { fields: () => ({}) },
  'ledger.seals': { fields: () => ({}) },
  'webhooks.list': { fields: () => ({}) },
  'webhooks.deliveries': { fields: (twin) => ({ webhook: twin['keptWebhook'] }) },
  'audit.list': { fields: () => ({}) },
  'members.list': { fields: () => ({}) },
  'invitations.list': { fields: () => ({}) },
  'sessions.list': { person: true, fields: () => ({}) },
  'devices.get': { person: true, fields: (twin) => ({ code: twin['waiting'] }) },
  'invoices.list': { fields: (twin) => ({ organization: twin['organization'] }) },
  'accounts.get': { fields: (twin) => ({ organization: twin['organization'] }) },
  'credits.list': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'adjustments.list': { operator: true, fields: (twin) => ({ organization: twin['madeOrganization'] }) },
  'plans.preview': {
    operator: true,
    fields: ({ project }) => ({
      document: pricePlan({ project: `${project}-next`, upload: '' }),
      month: '2026-01',
    }),
  },
  'margins.list': { operator: true, fields: () => ({ month: '2026-01' }) },
  'plans.list': { operator: true, fields: () => ({}) },
  'plans.get': { operator: true, fields: (twin) => ({ plan: twin['plan'] }) },
  'quarantine.list': {
    operator: true,
    fields: (twin) => ({ organization: twin['madeOrganization'], waiting: true }),
  },
  'clusters.list': { operator: true, fields: () => ({}) },
  'clusters.get': { operator: true, fields: (twin) => ({ cluster: twin['cluster'] }) },
  'gpuClasses.list': { operator: true, fields: () => ({}) },
  'gpuClasses.get': { operator: true, fields: (twin) => ({ gpuClass: twin['gpuClass'] }) },
};

/** Only REST can carry these: a body of bytes, a stream of events. */
export const REST_ONLY = [
  'invoices.document',
  'uploads.create',
  'operations.follow',
  'organizations.export',
  'ledger.export',
  'bill.exportWindows',
  'projects.manifest',
];
/** Invoices come with the end of a month: until then there is none, through both faces. */
export const NOTHING_YET: Record<string, Fields> = {
  'invoices.get': { invoice: 'INV-9-999999' },
  'bill.request': { request: 'nothing' },
  'bill.explainWindow': { window: 'rev_00000000000000000000-1795219200000-default', line: 'cpu' },
  'invoices.void': { invoice: 'INV-9-999999' },
  'invoices.recordPayment': { invoice: 'INV-9-999999', amount: '1', currency: 'USD' },
};
