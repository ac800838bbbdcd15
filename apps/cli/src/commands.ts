import type { CommandEntry } from './command.js';
import { ORGANIZATION_COMMANDS } from './organization.commands.js';
import { CLUSTER_COMMANDS } from './cluster.commands.js';
import { MONEY_COMMANDS } from './money.commands.js';
import { PEOPLE_COMMANDS } from './people.commands.js';

/** What the help says of a group of commands. */
export const GROUPS: Readonly<Record<string, string>> = {
  services: 'services: list, describe, update, traffic, delete',
  revisions: 'revisions of a service',
  budgets: 'amounts for each month, and when to say how near they are',
  caps: 'the most that may be spent in a month',
  notices: 'what your organization is told',
  ledger: 'what your organization owes and why, sealed',
  webhooks: 'addresses that notices are sent to',
  secrets: 'secrets of the project',
  operations: 'changes that take time',
  projects: 'projects of the organization',
  members: 'the people of your organization',
  invitations: 'people who are asked to become members',
  sessions: 'where you are signed in',
  keys: 'API keys',
  orgs: 'organizations',
  grants: "operators' access to an organization",
  billing: 'how an organization is billed, and who pays',
  credits: 'money that pays invoices first',
  invoices: 'what was asked for, and what was paid',
  plans: 'price plans (platform operator)',
  quarantine: 'usage that was refused (platform operator)',
  clusters: 'clusters (platform operator)',
  'gpu-classes': 'kinds of GPUs (platform operator)',
  audit: 'who changed what',
  contexts: 'APIs you are logged in to',
  admin: 'an installation on this machine: backup, restore; rating and checking files; margins',
};

/** The command tree: words, a sentence, and the file that is loaded when the command is run. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    words: 'deploy',
    summary: 'deploy a folder or an image as a service',
    load: async () => (await import('./commands/deploy.js')).deploy,
  },
  {
    words: 'apply',
    summary: 'make services of Knative YAML',
    load: async () => (await import('./commands/apply.js')).apply,
  },
  {
    words: 'export',
    summary: 'the services of the project as Knative YAML, without Towpath',
    load: async () => (await import('./commands/export.js')).exportManifest,
  },
  {
    words: 'services list',
    summary: 'the services of the project',
    load: async () => (await import('./commands/services/list.js')).servicesList,
  },
  {
    words: 'services describe',
    summary: 'one service: settings, traffic, conditions',
    load: async () => (await import('./commands/services/describe.js')).servicesDescribe,
  },
  {
    words: 'services update',
    summary: 'change settings of a service',
    load: async () => (await import('./commands/services/update.js')).servicesUpdate,
  },
  {
    words: 'services update-traffic',
    summary: 'split the traffic over revisions, set tags',
    load: async () => (await import('./commands/services/update-traffic.js')).servicesUpdateTraffic,
  },
  {
    words: 'services rollback',
    summary: 'bring back a former split',
    load: async () => (await import('./commands/services/rollback.js')).servicesRollback,
  },
  {
    words: 'services traffic-history',
    summary: 'who changed the split, from what to what',
    load: async () => (await import('./commands/services/traffic-history.js')).servicesTrafficHistory,
  },
  {
    words: 'services token',
    summary: 'a token with which a private service may be called',
    load: async () => (await import('./commands/services/token.js')).servicesToken,
  },
  {
    words: 'services usage-records',
    summary: 'what the usage is counted from, one line a request',
    load: async () => (await import('./commands/services/usage-records.js')).servicesUsageRecords,
  },
  {
    words: 'services delete',
    summary: 'delete a service with all its revisions',
    load: async () => (await import('./commands/services/delete.js')).servicesDelete,
  },
  {
    words: 'revisions list',
    summary: 'the revisions of a service',
    load: async () => (await import('./commands/revisions/list.js')).revisionsList,
  },
  {
    words: 'revisions describe',
    summary: 'one revision: what it is made of and how it is',
    load: async () => (await import('./commands/revisions/describe.js')).revisionsDescribe,
  },
  {
    words: 'logs',
    summary: 'what a service wrote',
    load: async () => (await import('./commands/logs.js')).logs,
  },
  {
    words: 'curl',
    summary: 'call a service through the gateway',
    load: async () => (await import('./commands/curl.js')).curl,
  },
  {
    words: 'usage',
    summary: 'requests and units of 100 ms',
    load: async () => (await import('./commands/usage.js')).usage,
  },
  {
    words: 'secrets list',
    summary: 'the secrets of the project',
    load: async () => (await import('./commands/secrets/list.js')).secretsList,
  },
  {
    words: 'secrets describe',
    summary: 'the versions of a secret',
    load: async () => (await import('./commands/secrets/describe.js')).secretsDescribe,
  },
  {
    words: 'secrets create',
    summary: 'make a secret',
    load: async () => (await import('./commands/secrets/create.js')).secretsCreate,
  },
  {
    words: 'secrets add-version',
    summary: 'give a secret a new value',
    load: async () => (await import('./commands/secrets/add-version.js')).secretsAddVersion,
  },
  {
    words: 'secrets delete',
    summary: 'delete a secret',
    load: async () => (await import('./commands/secrets/delete.js')).secretsDelete,
  },
  {
    words: 'operations list',
    summary: 'changes under way and done',
    load: async () => (await import('./commands/operations/list.js')).operationsList,
  },
  {
    words: 'operations describe',
    summary: 'one operation with its steps',
    load: async () => (await import('./commands/operations/describe.js')).operationsDescribe,
  },
  {
    words: 'operations wait',
    summary: 'follow an operation to its end',
    load: async () => (await import('./commands/operations/wait.js')).operationsWait,
  },
  {
    words: 'projects list',
    summary: 'the projects of the organization',
    load: async () => (await import('./commands/projects/list.js')).projectsList,
  },
  {
    words: 'projects create',
    summary: 'make a project',
    load: async () => (await import('./commands/projects/create.js')).projectsCreate,
  },
  {
    words: 'projects describe',
    summary: 'one project',
    load: async () => (await import('./commands/projects/describe.js')).projectsDescribe,
  },
  {
    words: 'projects delete',
    summary: 'delete an empty project',
    load: async () => (await import('./commands/projects/delete.js')).projectsDelete,
  },
  ...PEOPLE_COMMANDS,
  {
    words: 'keys list',
    summary: 'the API keys',
    load: async () => (await import('./commands/keys/list.js')).keysList,
  },
  {
    words: 'keys create',
    summary: 'make an API key',
    load: async () => (await import('./commands/keys/create.js')).keysCreate,
  },
  {
    words: 'keys revoke',
    summary: 'end an API key',
    load: async () => (await import('./commands/keys/revoke.js')).keysRevoke,
  },
  ...ORGANIZATION_COMMANDS,
  ...MONEY_COMMANDS,
  ...CLUSTER_COMMANDS,
  {
    words: 'audit list',
    summary: 'who changed what',
    load: async () => (await import('./commands/audit/list.js')).auditList,
  },
  {
    words: 'login',
    summary: 'log in to an API and keep it as a context',
    load: async () => (await import('./commands/login.js')).login,
  },
  {
    words: 'contexts list',
    summary: 'the APIs you are logged in to',
    load: async () => (await import('./commands/contexts/list.js')).contextsList,
  },
  {
    words: 'contexts use',
    summary: 'choose the API to speak to',
    load: async () => (await import('./commands/contexts/use.js')).contextsUse,
  },
  {
    words: 'contexts delete',
    summary: 'forget a context',
    load: async () => (await import('./commands/contexts/delete.js')).contextsDelete,
  },
  {
    words: 'whoami',
    summary: 'who you are and whom you speak to',
    load: async () => (await import('./commands/whoami.js')).whoami,
  },
  {
    words: 'trust',
    summary: "how to trust this installation's certificates (HTTPS)",
    load: async () => (await import('./commands/trust.js')).trust,
  },
  {
    words: 'version',
    summary: 'versions of tow and of the API',
    load: async () => (await import('./commands/version.js')).version,
  },
  {
    words: 'admin backup',
    summary: 'write database, keys and blobs into one file',
    load: async () => (await import('./commands/admin/backup.js')).adminBackup,
  },
  {
    words: 'admin restore',
    summary: 'make an installation from a backup, or put its database back',
    load: async () => (await import('./commands/admin/restore.js')).adminRestore,
  },
  {
    words: 'admin held',
    summary: 'services a restore left as clusters have them; release them',
    load: async () => (await import('./commands/admin/held.js')).adminHeld,
  },
  {
    words: 'admin rate',
    summary: 'what the usage in a file costs by a price plan, without any server',
    load: async () => (await import('./commands/admin/rate.js')).adminRate,
  },
  {
    words: 'admin ledger',
    summary: 'whether an export of a ledger is whole, without any server',
    load: async () => (await import('./commands/admin/ledger.js')).adminLedger,
  },
];
