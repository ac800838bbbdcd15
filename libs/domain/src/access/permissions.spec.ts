import { PERMISSIONS, ROLES, type Actor, type Permission, type Role } from './access.types.js';
import { OUTLIVES_A_GRANT } from './grant.js';
import { OPERATOR_PERMISSIONS, can, mayGrant, sees } from './permissions.js';

const actor = (role: Role, more: Partial<Actor> = {}): Actor => ({
  id: 'key_0',
  organizationId: 'org_0',
  role,
  platformOperator: false,
  ...more,
});

const WRITES: Permission[] = [
  'upload.write',
  'secret.write',
  'service.write',
  'service.delete',
  'traffic.write',
];

describe('the table of rights', () => {
  it.each<[Role, Permission[], Permission[]]>([
    [
      'owner',
      [
        ...PERMISSIONS.filter((permission) => !OPERATOR_PERMISSIONS.includes(permission)),
        ...(['organization.close', 'grant.read', 'grant.revoke'] as const),
      ],
      ['cluster.write'],
    ],
    ['admin', [...WRITES, 'key.write', 'bill.read', 'audit.read'], ['organization.create']],
    ['developer', [...WRITES, 'log.read'], ['key.read', 'bill.read', 'audit.read', 'project.write']],
    [
      'billing',
      ['bill.read', 'usage.read', 'budget.write', 'notice.read'],
      [...WRITES, 'service.read', 'log.read', 'secret.read'],
    ],
    [
      'viewer',
      ['service.read', 'log.read', 'usage.read'],
      [...WRITES, 'key.read', 'bill.read', 'budget.read'],
    ],
    ['invoker', ['service.invoke'], [...WRITES, 'service.read', 'organization.read']],
  ])('%s', (role, allowed, refused) => {
    for (const permission of allowed)
      expect([permission, can(actor(role), permission)]).toEqual([permission, true]);
    for (const permission of refused)
      expect([permission, can(actor(role), permission)]).toEqual([permission, false]);
  });

  it('knows every permission: each is held by somebody', () => {
    for (const permission of PERMISSIONS) {
      const holders = ROLES.filter((role) => can(actor(role, { platformOperator: true }), permission));
      expect([permission, holders.length > 0]).toEqual([permission, true]);
    }
  });

  it('gives the platform to operators only, and no tenant content by it', () => {
    expect(can(actor('viewer', { platformOperator: true }), 'cluster.write')).toBe(true);
    expect(can(actor('invoker', { platformOperator: true }), 'service.read')).toBe(false);
    expect(can(actor('owner', { platformOperator: true, projectId: 'prj_0' }), 'cluster.write')).toBe(false);
  });

  it('lets the key of a grant do nothing that outlives it', () => {
    const grant = { id: 'grt_0', operatorId: 'key_1' } as const;
    for (const permission of OUTLIVES_A_GRANT)
      expect([permission, can(actor('owner', { grant }), permission)]).toEqual([permission, false]);
    expect(can(actor('admin', { grant }), 'service.write')).toBe(true);
  });

  it('hides other organizations, and from a credential of one project the other projects', () => {
    const thing = { organizationId: 'org_0', projectId: 'prj_0' } as const;
    expect(sees(actor('owner'), thing)).toBe(true);
    expect(sees(actor('owner'), { ...thing, organizationId: 'org_1' })).toBe(false);
    expect(sees(actor('owner', { projectId: 'prj_1' }), thing)).toBe(false);
    expect(can(actor('owner', { projectId: 'prj_1' }), 'service.read', thing)).toBe(false);
    expect(can(actor('owner', { projectId: 'prj_0' }), 'service.read', thing)).toBe(true);
    expect(can(actor('owner', { projectId: 'prj_0' }), 'bill.read')).toBe(false);
  });

  it('lets nobody hand out more than its own', () => {
    const grantable = (role: Role): Role[] => ROLES.filter((other) => mayGrant(actor(role), other));
    expect(grantable('owner')).toEqual([...ROLES]);
    expect(grantable('admin')).toEqual(['admin', 'developer', 'billing', 'viewer', 'invoker']);
    expect(grantable('developer')).toEqual(['developer', 'viewer', 'invoker']);
    expect(grantable('viewer')).toEqual(['viewer']);
  });
});
