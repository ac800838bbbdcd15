import type { Id } from '../id.js';
import type { BudgetBasis } from '../billing/budget.types.js';
import type { CapReason } from '../billing/cap.types.js';

/** What an organization is told of by notice: a line here, and the shape of what it says in NoticeData. */
export const NOTICE_TYPES = [
  'budget.threshold',
  'cap.reached',
  'invoice.finalized',
  'invoice.overdue',
  'payment.recorded',
] as const;
export type NoticeType = (typeof NOTICE_TYPES)[number];

/** What a notice of each type says: ids, numbers and times only. */
export interface NoticeData {
  'budget.threshold': {
    budgetId: string;
    projectId?: string;
    serviceId?: string;
    month: string;
    percent: number;
    on: BudgetBasis;
    amount: string;
    currency: string;
    spent: string;
    forecast?: string;
  };
  'cap.reached': {
    month: string;
    amount: string;
    currency: string;
    spent: string;
    /** Notices of release 0.2.0 say none. */
    reason?: CapReason;
  };
  'invoice.finalized': {
    invoiceId: string;
    number: string;
    month: string;
    currency: string;
    payable: string;
    dueAt: string;
  };
  'invoice.overdue': {
    invoiceId: string;
    number: string;
    month: string;
    currency: string;
    /** What is still to be paid. */
    balance: string;
    dueAt: string;
  };
  'payment.recorded': {
    paymentId: string;
    invoiceId: string;
    number: string;
    currency: string;
    /** Below 0 for money that went back. */
    amount: string;
    /** What a payment provider calls it. */
    reference?: string;
    receivedAt: string;
  };
}

/** How long a notice is kept, ms: longer than any of its deliveries is tried. */
export const NOTICE_KEPT_MS = 90 * 24 * 3_600_000;

/** Something an organization is told: it can list it, and it is on the bus. */
export interface Notice<T extends NoticeType = NoticeType> {
  id: Id<'ntc'>;
  organizationId: Id<'org'>;
  type: T;
  data: NoticeData[T];
  createdAt: number;
}
