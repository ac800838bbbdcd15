import type { Bus } from '#libs/bus';
import type { Clock, PublicOrigin, Random, WebhookReach } from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Database, FolderBlobs } from '#libs/store';
import type { FairGate } from './call/fair-gate.js';
import type { OperationMoves } from './operation/operation.moves.js';

/** How clients reach this installation. */
export interface Installation {
  apiUrl: string;
  gatewayPort: number;
  /** Absent when there is no HTTPS. */
  gatewayTlsPort?: number;
  domain: string;
  /** What the URLs of services show. */
  origin: PublicOrigin;
}

/** What commands and queries are built from. */
export interface ApiParts {
  db: Database;
  /** Where organizations take turns at the database. */
  gate: FairGate;
  /** Read by log streams only. */
  bus: Bus;
  /** Who waits for an operation hears of it here. */
  moves: OperationMoves;
  blobs: FolderBlobs;
  /** Wraps the organizations' data keys. */
  masterKey: Uint8Array;
  clock: Clock;
  random: Random;
  logger: Logger;
  installation: Installation;
  /** How long a closing organization is kept before it is erased. */
  closeHoldMs: number;
  /** Where webhooks may be. */
  webhookReach: WebhookReach;
}

export const API_PARTS = Symbol('ApiParts');
