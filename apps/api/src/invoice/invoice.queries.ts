import {
  findInvoice,
  listInvoices as listStored,
  listPayments,
  type PageRequest,
  type StoredInvoice,
} from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { inOrganization } from '../organization/organization.reach.js';
import { showDetails, showInvoice } from './invoice.view.js';

export interface InvoiceRef {
  organization: string;
  invoice: string;
}

export function listInvoices(
  call: Call,
  input: { organization: string },
  page: PageRequest,
): Promise<ReturnType<typeof showInvoice>[]> {
  return inOrganization(call, input.organization, async ({ id }) =>
    (await listStored(call.tx, id, page)).map((one) => showInvoice(one, call.now)),
  );
}

export function getInvoice(call: Call, input: InvoiceRef): Promise<ReturnType<typeof showDetails>> {
  return inOrganization(call, input.organization, async ({ id }) =>
    detailsOf(call, id, await storedInvoice(call, id, input.invoice)),
  );
}

/** Bound to the organization (see inOrganization). */
export async function detailsOf(
  call: Call,
  organizationId: string,
  stored: StoredInvoice,
): Promise<ReturnType<typeof showDetails>> {
  return showDetails(stored, await listPayments(call.tx, organizationId, stored.id), call.now);
}

/** @throws TowpathError NOT_FOUND */
export async function storedInvoice(
  call: Call,
  organizationId: string,
  reference: string,
): Promise<StoredInvoice> {
  const stored = await findInvoice(call.tx, organizationId, reference);
  if (!stored) throw notFound('invoice');
  return stored;
}
