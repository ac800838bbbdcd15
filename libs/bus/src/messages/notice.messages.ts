/** What the bus says of what organizations are told: the body of `hub.<type with . as ->.<notice id>`, at least once. */
import type { NoticeData, NoticeType } from '#libs/domain';
import { z } from 'zod';
import { id } from './message.parts.js';

/** The same notice is the same message: a reader remembers `noticeId`. */
const head = { schemaVersion: z.literal(1), noticeId: id('ntc'), organizationId: id('org') };
/** An exact decimal. */
const amount = z.string().regex(/^-?\d+(\.\d+)?$/);
/** What is exact may be a fraction where no decimal ends. */
const exact = z.string().regex(/^-?\d+(\.\d+)?(\/\d+)?$/);
const currency = z.string().regex(/^[A-Z]{3}$/);
const month = z.string().regex(/^\d{4}-\d{2}$/);
const moment = z.iso.datetime();
const invoice = { invoiceId: id('ivc'), number: z.string(), currency };

export const NOTICE_EVENTS = {
  'budget.threshold': z.object({
    ...head,
    budgetId: id('bdg'),
    projectId: id('prj').exactOptional(),
    serviceId: id('svc').exactOptional(),
    month,
    percent: z.int().positive(),
    on: z.enum(['actual', 'forecast']),
    amount,
    currency,
    spent: exact,
    forecast: exact.exactOptional(),
  }),
  /** `plan`: it cannot be kept under a plan of the month, whatever was spent. */
  'cap.reached': z.object({
    ...{ ...head, month, amount, currency, spent: exact },
    reason: z.enum(['spent', 'plan']).exactOptional(),
  }),
  'invoice.finalized': z.object({ ...head, ...invoice, month, payable: amount, dueAt: moment }),
  /** `balance` is what is still to be paid. */
  'invoice.overdue': z.object({ ...head, ...invoice, month, balance: amount, dueAt: moment }),
  /** `amount` is below 0 for money that went back; `reference` is what a payment provider calls it. */
  'payment.recorded': z.object({
    ...head,
    ...invoice,
    paymentId: id('pay'),
    amount,
    reference: z.string().exactOptional(),
    receivedAt: moment,
  }),
} satisfies { [T in NoticeType]: z.ZodType<NoticeData[T] & { noticeId: string; organizationId: string }> };
