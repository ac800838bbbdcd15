/** JSON as REST sends it. */
export interface CapView {
  amount: string;
  currency: string;
  month: string;
  spent: string;
  reserved: string;
  unpaidInstanceSeconds: string;
  resetsAt: string;
  reached: boolean;
  createdAt: string;
  version: string;
}
