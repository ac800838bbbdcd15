import type { Threshold } from '#libs/domain';

/** JSON as REST sends it. */
export interface BudgetView {
  id: string;
  projectId?: string;
  serviceId?: string;
  amount: string;
  currency: string;
  thresholds: Threshold[];
  state?: { month: string; spent: string; forecast?: string; evaluatedAt: string };
  /** The currency of the bill, where it is another. */
  billedIn?: string;
  createdAt: string;
  version: string;
}

export interface NoticeView {
  id: string;
  type: string;
  data: Record<string, unknown>;
  createdAt: string;
}
