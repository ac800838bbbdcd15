import type { CommandEntry } from './command.js';

/** Commands about organizations and their life. */
export const ORGANIZATION_COMMANDS: readonly CommandEntry[] = [
  {
    words: 'orgs list',
    summary: 'the organizations you can see',
    load: async () => (await import('./commands/orgs/list.js')).orgsList,
  },
  {
    words: 'orgs create',
    summary: 'make an organization (platform operator)',
    load: async () => (await import('./commands/orgs/create.js')).orgsCreate,
  },
  {
    words: 'orgs describe',
    summary: 'one organization',
    load: async () => (await import('./commands/orgs/describe.js')).orgsDescribe,
  },
  {
    words: 'orgs suspend',
    summary: 'stop an organization (operators)',
    load: async () => (await import('./commands/orgs/status.js')).orgsSuspend,
  },
  {
    words: 'orgs resume',
    summary: 'let a suspended organization go on (operators)',
    load: async () => (await import('./commands/orgs/status.js')).orgsResume,
  },
  {
    words: 'orgs quota',
    summary: 'how many GPUs an organization may hold (operators)',
    load: async () => (await import('./commands/orgs/status.js')).orgsQuota,
  },
  {
    words: 'orgs export',
    summary: 'everything of your organization as a tar.gz',
    load: async () => (await import('./commands/orgs/export.js')).orgsExport,
  },
  {
    words: 'orgs close',
    summary: 'end an organization: stopped now, erased after its hold',
    load: async () => (await import('./commands/orgs/status.js')).orgsClose,
  },
  {
    words: 'orgs reopen',
    summary: 'undo a close before its hold ends (operators)',
    load: async () => (await import('./commands/orgs/status.js')).orgsReopen,
  },
  {
    words: 'orgs erase',
    summary: 'erase a closing organization before its hold ends (operators)',
    load: async () => (await import('./commands/orgs/erase.js')).orgsErase,
  },
  {
    words: 'orgs erasure',
    summary: 'what was erased of an organization and what is kept (operators)',
    load: async () => (await import('./commands/orgs/erase.js')).orgsErasure,
  },
  {
    words: 'grants create',
    summary: 'get access to an organization for a time (operators)',
    load: async () => (await import('./commands/grants/grants.js')).grantsCreate,
  },
  {
    words: 'grants list',
    summary: 'which operators have or had access to your organization',
    load: async () => (await import('./commands/grants/grants.js')).grantsList,
  },
  {
    words: 'grants revoke',
    summary: 'end a grant before its time',
    load: async () => (await import('./commands/grants/grants.js')).grantsRevoke,
  },
  {
    words: 'orgs rename',
    summary: 'rename your organization',
    load: async () => (await import('./commands/orgs/rename.js')).orgsRename,
  },
];
