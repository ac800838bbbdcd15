/** Who is asked to pay, as it stands on invoices. A person may have written it: an erasure removes it. */
export interface Buyer {
  name: string;
  /** Lines of the address. */
  address: string[];
  /** Two letters of ISO 3166-1. */
  country: string;
  email?: string | undefined;
  /** Number that the tax office knows it by. */
  taxId?: string | undefined;
  /** Their own words for the order, e.g. a purchase order. */
  reference?: string | undefined;
}
