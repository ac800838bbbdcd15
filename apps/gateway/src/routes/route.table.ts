import type { Route } from '#libs/domain';
import { crashPoint } from '#libs/process';
import type { DesiredState } from '../xds/desired-state.js';
import type { EnvoyView } from '../xds/envoy-view.js';
import { entryOf, lineOf, type RouteEntry, type RouteJournal } from './route.journal.js';

interface Parts {
  journal: RouteJournal;
  desired: DesiredState;
  /** Told of every route, before Envoy can know it. */
  admission?: { apply(route: Route): void };
  /** Tells Envoy's feeder that the desired state of these hosts (of all, without names) changed. */
  changed: (hosts?: string[]) => void;
}

/** As many refused hosts as one status names. */
const MAX_REJECTED = 100;

/** What is kept of a route: there may be very many, and as text one takes half of what it takes as an object. */
interface Kept {
  sequence: number;
  version: number;
  deleted: boolean;
  /** The journal's line. */
  line: string;
}

/** Every host this gateway knows, and how far Envoy has acknowledged them. */
export class RouteTable {
  readonly #entries = new Map<string, Kept>();
  /** Hosts Envoy does not hold as they should be: the first sequence that is missing there. */
  readonly #pending = new Map<string, number>();
  /** Hosts that Envoy will not take as they are, with the sequence of what it refused. */
  readonly #rejected = new Map<string, number>();
  readonly #revisionNames = new Map<string, string>();
  #received = 0;

  constructor(private readonly parts: Parts) {}

  get size(): number {
    return this.#entries.size;
  }

  /** The mark of the bucket that the sequences are of; '' while none has come. */
  get mark(): string {
    return this.parts.journal.mark;
  }

  /** Whether that host has a route. */
  has(host: string): boolean {
    const entry = this.#entries.get(host);
    return entry !== undefined && !entry.deleted;
  }

  /** Whether that host has a route or had one. */
  knows(host: string): boolean {
    return this.#entries.has(host);
  }

  /** Hosts that have a route. */
  hosts(): string[] {
    return [...this.#entries.keys()].filter((host) => this.has(host));
  }

  /** Hosts Envoy has not acknowledged yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** The highest sequence that came. */
  get received(): number {
    return this.#received;
  }

  /** For people who read a request log; usage knows the id only. */
  revisionName(revisionId: string): string | undefined {
    return this.#revisionNames.get(revisionId);
  }

  /** Takes what the journal kept: how a gateway starts without its hub. */
  restore(): void {
    for (const entry of this.parts.journal.read()) this.#apply(entry);
    this.parts.changed();
  }

  /** Takes one route of the bucket. A lower version of a host is refused, an equal one changes nothing. */
  async accept(route: Route, sequence: number): Promise<void> {
    const known = this.#entries.get(route.host);
    if (known && route.version < known.version) {
      this.handled(sequence);
      return;
    }
    const line = this.#apply({ sequence, route });
    this.parts.changed([route.host]);
    crashPoint('gateway.routed');
    await this.parts.journal.append(line, () => this.#lines());
  }

  /** The hub has no more use for the host: of one without a route nothing is kept, one with a route stays as it is. */
  async forget(host: string, sequence: number): Promise<void> {
    this.handled(sequence);
    if (this.#entries.get(host)?.deleted !== true) return;
    this.#entries.delete(host);
    this.#rejected.delete(host);
    // Envoy loses it all the same; nobody waits for that any more.
    this.#pending.delete(host);
    this.parts.changed([host]);
    await this.parts.journal.rewrite(this.#lines());
  }

  /** Makes what Envoy should have of the host again: something else that it says has changed. */
  again(host: string): void {
    const entry = this.#entries.get(host);
    if (!entry) return;
    const { route } = entryOf(entry.line) ?? {};
    if (route) this.parts.desired.apply(route);
  }

  /** A message that changes no route (deleted key, no route inside) moves the sequence all the same. */
  handled(sequence: number): void {
    this.#received = Math.max(this.#received, sequence);
  }

  /** Sequences are those of the bucket with this mark from now on. */
  async counts(mark: string): Promise<void> {
    if (mark === this.mark) return;
    this.startOver();
    await this.parts.journal.keepMark(mark);
  }

  /** A bucket that was made anew counts from the start again; what it does not hold stays as it was. */
  startOver(): void {
    this.#received = 0;
  }

  /** Envoy told what it holds now of these hosts (of all, without names). */
  settle(view: EnvoyView, hosts?: readonly string[]): void {
    for (const host of hosts ?? this.#entries.keys()) {
      const entry = this.#entries.get(host);
      if (!entry) continue;
      this.#rejected.delete(host);
      if (view.isCurrent('scope', host)) {
        this.#pending.delete(host);
      } else if (view.isHostRefused(host)) {
        this.#pending.delete(host);
        this.#rejected.set(host, entry.sequence);
      } else if (!this.#pending.has(host)) {
        this.#pending.set(host, entry.sequence);
      }
    }
  }

  /** Hosts that Envoy refuses, with the sequence of the route that it refused; the newest that fit a message. */
  rejected(): { host: string; sequence: number }[] {
    const all = [...this.#rejected].map(([host, sequence]) => ({ host, sequence }));
    return all.sort((one, other) => other.sequence - one.sequence).slice(0, MAX_REJECTED);
  }

  /** The highest sequence up to which every route is in Envoy and acknowledged by it, or refused by it. */
  acknowledged(): number {
    let first = this.#received + 1;
    for (const sequence of this.#pending.values()) first = Math.min(first, sequence);
    return first - 1;
  }

  #lines(): string[] {
    return [...this.#entries.values()].map(({ line }) => line);
  }

  /** @returns the journal's line */
  #apply(entry: RouteEntry): string {
    const { route, sequence } = entry;
    const line = lineOf(entry);
    const { version, deleted = false } = route;
    this.#entries.set(route.host, { sequence, version, deleted, line });
    for (const { revisionId, revision } of route.backends) this.#revisionNames.set(revisionId, revision);
    if (!this.#pending.has(route.host)) this.#pending.set(route.host, sequence);
    this.handled(sequence);
    this.parts.admission?.apply(route);
    this.parts.desired.apply(route);
    return line;
  }
}
