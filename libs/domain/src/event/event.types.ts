/**
 * The one table of messages between our own processes. A message says "look", never "what": its data is the key.
 * Each is a CloudEvent of type `dev.towpath.<name>` on the subject `hub.<name>.<key>`.
 */
export const HUB_EVENTS = {
  /** Intent of a service changed (create, update, traffic, delete): the deployer looks. */
  'service.changed': { key: 'service id' },
  /** A cluster joined, left or reported: the deployer looks at what it holds. */
  'cluster.changed': { key: 'cluster id' },
  /** An organization is told something (a row of notices). */
  'notice.made': { key: 'notice id' },
} as const;

export type HubEventName = keyof typeof HUB_EVENTS;

/** A row of the outbox, written in the writer's transaction. */
export interface HubEvent {
  name: HubEventName;
  key: string;
  organizationId?: string;
}
