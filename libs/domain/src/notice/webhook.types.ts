import type { Id } from '../id.js';
import type { NoticeType } from './notice.types.js';

/** An address of an organization's own to which its notices are sent. */
export interface Webhook {
  id: Id<'whk'>;
  organizationId: Id<'org'>;
  url: string;
  /** Empty: all. */
  types: NoticeType[];
  createdAt: number;
  /** Its receiver answered 410 Gone: nothing more is sent. */
  goneAt?: number;
}

/** One notice to one webhook. */
export interface Delivery {
  id: Id<'dlv'>;
  webhookId: Id<'whk'>;
  noticeId: Id<'ntc'>;
  type: NoticeType;
  status: 'pending' | 'delivered' | 'failed';
  attempts: number;
  /** What came of the last attempt, in our own words. */
  lastResult?: string;
  /** When it is tried next, or when it ended. */
  at: number;
  createdAt: number;
}

/** What came of one attempt. */
export interface Attempt {
  /** The receiver's status; absent when there was no answer. */
  status?: number;
  result: string;
}
