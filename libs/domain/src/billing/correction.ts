/** What a line of an invoice that is out should have been, more or less: it names the month it corrects, and its hours. */
export interface InvoiceCorrection {
  month: string;
  plan: string;
  version: number;
  item: string;
  name: string;
  charged: string;
  /** When the hours begin whose usage changed; absent where that is not known. */
  hours?: string[];
}
