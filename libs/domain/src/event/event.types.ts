/**
 * The one table of messages on the bus. Between our own processes a message says "look", never "what": it has a key and no
 * data. What an organization is told (NOTICE_TYPES) says it, for programs of others, that keep books or take payments.
 * Each is a CloudEvent of type `dev.towpath.<name>` on the subject `hub.<name>.<key>`.
 */
export const HUB_EVENTS = {
  /** Intent of a service changed (create, update, traffic, delete): the deployer looks. */
  'service.changed': { key: 'service id' },
  /** A cluster joined, left or reported: the deployer looks at what it holds. */
  'cluster.changed': { key: 'cluster id' },
  /** An organization is told something (a row of notices). */
  'notice.made': { key: 'notice id' },
  'budget.threshold': { key: 'notice id' },
  'cap.reached': { key: 'notice id' },
  'invoice.finalized': { key: 'notice id' },
  'invoice.overdue': { key: 'notice id' },
  'payment.recorded': { key: 'notice id' },
} as const;

export type HubEventName = keyof typeof HUB_EVENTS;

/** A row of the outbox, written in the writer's transaction. */
export interface HubEvent {
  name: HubEventName;
  key: string;
  organizationId?: string;
}
