import { asOrganization, insertOrganization, renameOrganization, setGpuQuota } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { checkVersion } from '../call/not-found.js';
import { makeKey } from '../key/key.commands.js';
import type { NewKeyView } from '../key/key.view.js';
import { organizationOf } from './organization.queries.js';
import { inOrganization } from './organization.reach.js';
import { showOrganization } from './organization.view.js';

/** Makes a tenant and its first owner key, whose text is shown this once. */
export async function createOrganization(
  call: CommandCall,
  input: { name: string },
): Promise<{ organization: ReturnType<typeof showOrganization>; key: NewKeyView }> {
  const id = call.newId('org');
  const made = await asOrganization(call.tx, id, call.actor.organizationId, async () => {
    const organization = await insertOrganization(call.tx, { id, name: input.name, createdAt: call.now });
    const key = await makeKey(call, {
      organizationId: id,
      name: 'owner',
      role: 'owner',
      platformOperator: false,
    });
    return { organization: showOrganization(organization), key };
  });
  await call.audit(id, { after: { name: input.name } });
  return made;
}

export async function updateOrganization(
  call: CommandCall,
  input: { organization: string; name: string; version?: string | undefined },
): Promise<ReturnType<typeof showOrganization>> {
  const before = await organizationOf(call, input.organization);
  checkVersion(input.version, before.version);
  const after = await renameOrganization(call.tx, before.id, input.name);
  await call.audit(before.id, { before: { name: before.name }, after: { name: after.name } });
  return showOrganization(after);
}

/** What services hold already they keep; the next that would hold more is refused. */
export function setOrganizationQuota(
  call: CommandCall,
  input: { organization: string; gpus: number | null },
): Promise<ReturnType<typeof showOrganization>> {
  return inOrganization(call, input.organization, async (before) => {
    const after = await setGpuQuota(call.tx, before.id, input.gpus ?? undefined);
    const told = (gpus: number | undefined): { gpus: number | null } => ({ gpus: gpus ?? null });
    await call.audit(before.id, { before: told(before.gpuQuota), after: told(after.gpuQuota) }, before.id);
    return showOrganization(after);
  });
}
