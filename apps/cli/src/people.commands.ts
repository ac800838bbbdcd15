import type { CommandEntry } from './command.js';

/** Commands about people: who they are, where they are members, how they sign in. */
export const PEOPLE_COMMANDS: readonly CommandEntry[] = [
  {
    words: 'members list',
    summary: 'the people of your organization',
    load: async () => (await import('./commands/members/list.js')).membersList,
  },
  {
    words: 'members invite',
    summary: 'invite a person; prints a link',
    load: async () => (await import('./commands/members/invite.js')).membersInvite,
  },
  {
    words: 'members update',
    summary: 'give a member another role',
    load: async () => (await import('./commands/members/update.js')).membersUpdate,
  },
  {
    words: 'members remove',
    summary: 'remove a member',
    load: async () => (await import('./commands/members/remove.js')).membersRemove,
  },
  {
    words: 'members leave',
    summary: 'leave the organization',
    load: async () => (await import('./commands/members/leave.js')).membersLeave,
  },
  {
    words: 'invitations list',
    summary: 'invitations, open and used',
    load: async () => (await import('./commands/invitations/list.js')).invitationsList,
  },
  {
    words: 'invitations revoke',
    summary: 'end an invitation',
    load: async () => (await import('./commands/invitations/revoke.js')).invitationsRevoke,
  },
  {
    words: 'accept',
    summary: 'accept an invitation and sign in',
    load: async () => (await import('./commands/accept.js')).accept,
  },
  {
    words: 'orgs switch',
    summary: 'act in another of your organizations',
    load: async () => (await import('./commands/orgs/switch.js')).orgsSwitch,
  },
  {
    words: 'logout',
    summary: 'end the session and forget the context',
    load: async () => (await import('./commands/logout.js')).logout,
  },
  {
    words: 'approve',
    summary: 'let another device act as you',
    load: async () => (await import('./commands/approve.js')).approve,
  },
  {
    words: 'password',
    summary: 'change your password',
    load: async () => (await import('./commands/password.js')).password,
  },
  {
    words: 'sessions list',
    summary: 'where you are signed in',
    load: async () => (await import('./commands/sessions/list.js')).sessionsList,
  },
  {
    words: 'sessions end',
    summary: 'sign out elsewhere',
    load: async () => (await import('./commands/sessions/end.js')).sessionsEnd,
  },
];
