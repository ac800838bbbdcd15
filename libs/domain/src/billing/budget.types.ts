import type { Id } from '../id.js';

/** What an amount is compared with: what was used so far, or what the month will come to. */
export const BUDGET_BASES = ['actual', 'forecast'] as const;
export type BudgetBasis = (typeof BUDGET_BASES)[number];

/** At so many percent of the amount the organization is told. */
export interface Threshold {
  /** Whole. */
  percent: number;
  on: BudgetBasis;
}

/** What a budget is about: the organization, or one project, or one service of it. */
export interface BudgetScope {
  projectId?: Id<'prj'>;
  /** With the project it lives in. */
  serviceId?: Id<'svc'>;
}

/** An amount of money for each UTC month, and when to say how near it is. */
export interface Budget extends BudgetScope {
  id: Id<'bdg'>;
  organizationId: Id<'org'>;
  /** An exact decimal. */
  amount: string;
  currency: string;
  thresholds: Threshold[];
  createdAt: number;
  version: number;
}

/** What a budget's scope costs in a month, as last evaluated. Amounts are exact (see formatRatio). */
export interface BudgetState {
  /** `YYYY-MM`. */
  month: string;
  spent: string;
  /** Absent on the first day of the month. */
  forecast?: string;
  evaluatedAt: number;
}
