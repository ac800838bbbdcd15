import type { Clock, Route } from '#libs/domain';
import type { Permit } from '../envoy/permit.filter.js';
import { clusterMessage, doorGroupOf, endpointsMessage, usesEndpoints } from './door.cluster.js';
import type { DoorGroup, GatewayPlace } from './door.cluster.js';
import type { EnvoyTypes } from './proto.js';
import { encodeResource } from './resource.js';
import type { EncodedResource, ResourceType } from './resource.js';
import { liveBackends, scopeMessage } from './route.scope.js';

/** A cluster stays so long after its last route went: workers learn of routes later than the main thread. */
const CLUSTER_GRACE_MS = 10_000;

interface GroupState {
  /** What it was made from, to see a change without encoding. */
  made: string;
  hosts: Set<string>;
  /** Set while no route uses it. */
  unusedSince?: number;
}

/** What Envoy should hold now: every resource encoded once, derived from the routes alone. */
export class DesiredState {
  readonly resources: Record<ResourceType, Map<string, EncodedResource>> = {
    cluster: new Map(),
    endpoints: new Map(),
    scope: new Map(),
  };
  readonly #groups = new Map<string, GroupState>();
  readonly #needs = new Map<string, string[]>();
  readonly #permits = new Map<string, Permit>();

  constructor(
    private readonly types: EnvoyTypes,
    private readonly clock: Clock,
    private readonly place: GatewayPlace = {},
  ) {}

  /** Names of the clusters that must be in Envoy before the scope of that host. */
  needsOf(host: string): readonly string[] {
    return this.#needs.get(host) ?? [];
  }

  /** What the host's scope says of its permit when its route is applied next; nothing for a host without a cap. */
  permit(host: string, permit: Permit | undefined): void {
    if (permit) this.#permits.set(host, permit);
    else this.#permits.delete(host);
  }

  apply(route: Route): void {
    const groups = new Map(
      liveBackends(route)
        .map((backend) => doorGroupOf(backend))
        .map((group) => [group.name, group] as const),
    );
    for (const group of groups.values()) this.#use(group, route.host);
    for (const name of this.needsOf(route.host)) if (!groups.has(name)) this.#leave(name, route.host);
    if (route.deleted) {
      this.#needs.delete(route.host);
      this.resources.scope.delete(route.host);
      return;
    }
    this.#needs.set(route.host, [...groups.keys()]);
    this.resources.scope.set(
      route.host,
      encodeResource(this.types, 'scope', route.host, scopeMessage(route, this.#permits.get(route.host))),
    );
  }

  /** Drops clusters that no route has used for a while; returns the ms until another look is worth it, if any. */
  sweep(): number | undefined {
    const now = this.clock.now();
    let next: number | undefined;
    for (const [name, { unusedSince }] of this.#groups) {
      if (unusedSince === undefined) continue;
      const left = unusedSince + CLUSTER_GRACE_MS - now;
      if (left > 0) {
        next = Math.min(next ?? left, left);
        continue;
      }
      this.#groups.delete(name);
      this.resources.cluster.delete(name);
      this.resources.endpoints.delete(name);
    }
    return next;
  }

  #use(group: DoorGroup, host: string): void {
    const made = JSON.stringify([group.doors, group.host]);
    const known = this.#groups.get(group.name);
    if (known) {
      known.hosts.add(host);
      delete known.unusedSince;
      if (known.made === made) return;
      known.made = made;
    } else {
      this.#groups.set(group.name, { made, hosts: new Set([host]) });
    }
    const { cluster, endpoints } = this.resources;
    cluster.set(
      group.name,
      encodeResource(this.types, 'cluster', group.name, clusterMessage(group, this.place)),
    );
    if (usesEndpoints(group)) {
      endpoints.set(
        group.name,
        encodeResource(this.types, 'endpoints', group.name, endpointsMessage(group, this.place.region)),
      );
    } else {
      endpoints.delete(group.name);
    }
  }

  #leave(name: string, host: string): void {
    const group = this.#groups.get(name);
    group?.hosts.delete(host);
    if (group?.hosts.size === 0) group.unusedSince = this.clock.now();
  }
}
