import { MAX_EMAIL } from '#libs/domain';
import { z } from 'zod';
import { defineCommand } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { roleSchema } from '../key/key.view.js';
import { leave, removeMember, updateMember } from './member.commands.js';
import { listMembers } from './member.queries.js';
import { memberView } from './member.view.js';

const member = z.string().min(1).max(MAX_EMAIL).describe('Id or e-mail address of the member.');

export const memberOperations = [
  definePage({
    name: 'members.list',
    permission: 'member.read',
    rest: { method: 'GET', path: '/v1/members', status: 200 },
    graphql: 'members',
    summary: 'The people of your organization.',
    input: z.strictObject({}),
    item: memberView,
    key: 'id',
    handler: (call, _input, page) => listMembers(call, page),
  }),
  defineCommand({
    name: 'members.update',
    permission: 'member.write',
    rest: { method: 'PATCH', path: '/v1/members/{member}', status: 200 },
    graphql: 'updateMember',
    summary: 'Give a member another role; it acts within 5 seconds.',
    input: z.strictObject({ member, role: roleSchema, version: z.string().optional() }),
    output: memberView,
    handler: updateMember,
  }),
  defineCommand({
    name: 'members.remove',
    permission: 'member.write',
    rest: { method: 'DELETE', path: '/v1/members/{member}', status: 200 },
    graphql: 'removeMember',
    summary: 'Remove a member; its sessions here end within 5 seconds. Keys it made stay.',
    input: z.strictObject({ member }),
    output: memberView,
    handler: removeMember,
  }),
  defineCommand({
    name: 'members.leave',
    permission: 'person',
    rest: { method: 'POST', path: '/v1/members/leave', status: 200 },
    graphql: 'leaveOrganization',
    summary: 'Leave the organization you act in. The last owner cannot.',
    input: z.strictObject({}),
    output: memberView,
    handler: leave,
  }),
];
