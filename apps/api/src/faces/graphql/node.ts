import { can, isId, type Permission } from '#libs/domain';
import { findRevision, findSecret, findService } from '#libs/store';
import type { Call } from '../../call/call.js';
import { notFound } from '../../call/not-found.js';
import { getCluster } from '../../cluster/cluster.queries.js';
import { invitationOf } from '../../invitation/invitation.queries.js';
import { showInvitation } from '../../invitation/invitation.view.js';
import { keyOf } from '../../key/key.queries.js';
import { showKey } from '../../key/key.view.js';
import { memberOf } from '../../member/member.queries.js';
import { showMember } from '../../member/member.view.js';
import { getOperation } from '../../operation/operation.queries.js';
import { getOrganization } from '../../organization/organization.queries.js';
import { getProject, projectOf } from '../../project/project.queries.js';
import { showRevision } from '../../revision/revision.view.js';
import { showSecret } from '../../secret/secret.view.js';
import { showService } from '../../service/service.view.js';

interface NodeKind {
  type: string;
  permission: Permission;
  find: (call: Call, id: string) => Promise<object>;
}

/** What `node(id)` finds, by the prefix of the id (design D8: the Node id is the prefixed id itself). */
const NODES: Record<string, NodeKind> = {
  org: {
    type: 'Organization',
    permission: 'organization.read',
    find: (call, organization) => getOrganization(call, { organization }),
  },
  prj: {
    type: 'Project',
    permission: 'project.read',
    find: (call, project) => getProject(call, { project }),
  },
  key: { type: 'ApiKey', permission: 'key.read', find: async (call, id) => showKey(await keyOf(call, id)) },
  usr: {
    type: 'Member',
    permission: 'member.read',
    find: async (call, id) => showMember(await memberOf(call, id)),
  },
  inv: {
    type: 'Invitation',
    permission: 'member.read',
    find: async (call, id) => showInvitation(await invitationOf(call, id), call.now),
  },
  sec: { type: 'Secret', permission: 'secret.read', find: secretNode },
  svc: { type: 'Service', permission: 'service.read', find: serviceNode },
  rev: { type: 'Revision', permission: 'service.read', find: revisionNode },
  op: {
    type: 'Operation',
    permission: 'operation.read',
    find: (call, operation) => getOperation(call, { operation }),
  },
  cls: {
    type: 'Cluster',
    permission: 'cluster.read',
    find: (call, cluster) => getCluster(call, { cluster }),
  },
};

/** Names of types with an id of their own. */
export const NODE_TYPES: readonly string[] = Object.values(NODES).map(({ type }) => type);

/** @throws TowpathError NOT_FOUND for whatever the caller does not reach or may not read */
export async function findNode(call: Call, id: string): Promise<object> {
  const prefix = id.split('_', 1)[0] ?? '';
  const kind = Object.hasOwn(NODES, prefix) ? NODES[prefix] : undefined;
  if (!kind || !isId(prefix as 'org', id) || !can(call.actor, kind.permission)) throw notFound('thing');
  return { __typename: kind.type, ...(await kind.find(call, id)) };
}

async function secretNode(call: Call, id: string): Promise<object> {
  const secret = await findSecret(call.tx, call.actor.organizationId, undefined, id);
  if (!secret) throw notFound('secret');
  await projectOf(call, secret.projectId);
  return showSecret(secret);
}

async function serviceNode(call: Call, id: string): Promise<object> {
  const service = await findService(call.tx, call.actor.organizationId, undefined, id);
  if (!service) throw notFound('service');
  return showService(service, await projectOf(call, service.projectId), call.parts.installation);
}

async function revisionNode(call: Call, id: string): Promise<object> {
  const revision = await findRevision(call.tx, call.actor.organizationId, undefined, id);
  if (!revision) throw notFound('revision');
  await projectOf(call, revision.projectId);
  return showRevision(revision);
}
