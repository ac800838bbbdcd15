/** What an operator added or took off, by its entry in the ledger, which says why. Below 0 it lowers what is asked for. */
export interface InvoicedAdjustment {
  /** Id of the entry. */
  id: string;
  madeAt: string;
  charged: string;
}
