import type { Bus, GatewayStatus } from '#libs/bus';
import type { CappedBuild, Id, Service } from '#libs/domain';
import type { ImageSight } from '../images/image.sights.js';
import type { Lease, ServiceChanges, ServiceRecords } from '#libs/store';

/** The rows as a pass needs them; every write is fenced by a lease. */
export interface Records {
  load(serviceId: string): Promise<ServiceRecords | undefined>;
  /**
   * @returns why the build that the changes ask a cluster for may not begin; nothing is written then
   * @throws LeaseLost or StaleWrite; nothing is written then
   */
  write(lease: Lease, service: Service, changes: ServiceChanges): Promise<CappedBuild | undefined>;
  /** How many services a cluster holds, and is losing by Towpath's own decision. */
  held(clusterId: Id<'cls'>): Promise<{ held: number; removing: number }>;
  /** Raises the hub's epoch above one that was seen outside. */
  raiseEpoch(lease: Lease, above: number): Promise<void>;
  /** Notes that the service is held back, or no longer. */
  note(lease: Lease, service: Service, isHeld: boolean): Promise<void>;
  /** A secret's value in the clear, to be sealed to a cluster at once. */
  openSecret(organizationId: string, secretId: Id<'sec'>, version: number): Promise<Uint8Array>;
}

/** KV buckets, read fresh and written by compare and set. */
export type Keys = Pick<Bus, 'getKey' | 'replaceKey'>;

/** What is known now of the image that a service asks for; asking for more goes on beside, and wakes the service. */
export type Images = (records: ServiceRecords) => ImageSight | undefined;

/** What gateways said last. */
export type Gateways = () => readonly GatewayStatus[];
