import { isOperator, type Organization } from '#libs/domain';
import { asOrganization, findOrganization } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';

/**
 * Does `work` in one's own organization, or as a platform operator in any: the transaction is bound to it meanwhile.
 * @throws TowpathError NOT_FOUND when there is no such organization within reach
 */
export async function inOrganization<T>(
  call: Call,
  id: string,
  work: (organization: Organization) => Promise<T>,
): Promise<T> {
  const { tx, actor } = call;
  if (id !== actor.organizationId && !isOperator(actor)) throw notFound('organization');
  return asOrganization(tx, id, actor.organizationId, async () => {
    const organization = await findOrganization(tx, id);
    if (!organization) throw notFound('organization');
    return work(organization);
  });
}
