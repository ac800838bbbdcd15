import type { Actor, Id, IdPrefix, Origin } from '#libs/domain';
import type { Tx } from '#libs/store';
import type { ApiParts } from '../api.parts.js';

/** A request of whomever, before anything was looked at. */
export interface Asked {
  requestId: string;
  /** Where it comes from: for rates and for what a person is shown of its sessions. */
  from: Origin;
}

/** Who calls, as its verified credential says. */
export interface Caller extends Asked {
  actor: Actor;
}

/** What came out of an operation, the same for every face. */
export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** What a query is given: one transaction bound to the caller's organization. */
export interface Call extends Caller {
  tx: Tx;
  /** UTC ms of the call. */
  now: number;
  parts: ApiParts;
}

/** What happened to a thing, for the audit: never with a secret's value. */
export interface Change {
  before?: Record<string, unknown>;
  after?: Record<string, unknown>;
}

/** What a command is given beyond a query: the means to write. */
export interface CommandCall extends Call {
  newId<P extends IdPrefix>(prefix: P): Id<P>;
  /** Writes the audit row of this command into its transaction; of an operator's deed in the organization it concerns. */
  audit(object: string, change?: Change, organizationId?: Id<'org'>): Promise<void>;
  /** Writes the messages that wake the deployer for services of one organization into its transaction. */
  servicesChanged(serviceIds: readonly Id<'svc'>[], organizationId?: Id<'org'>): Promise<void>;
  /** Writes the message that makes the deployer look at what a cluster holds into its transaction. */
  clusterChanged(clusterId: Id<'cls'>): Promise<void>;
}

/** What a stream is given: it opens its own short transactions, since it lives long. */
export interface StreamCall extends Caller {
  parts: ApiParts;
  /** Aborted when the client leaves, its rights end, or the process stops. */
  signal: AbortSignal;
  /** Runs a query of its own transaction. */
  read<T>(work: (call: Call) => Promise<T>): Promise<T>;
}

/** One server-sent event. */
export interface StreamEvent {
  event: string;
  data: unknown;
}
