import type { DesiredState } from './desired-state.js';
import type { DeltaRequest, DeltaResponse } from './delta.message.js';
import type { EnvoyView } from './envoy-view.js';
import type { RefusedResources } from './refused.js';
import { typeOfUrl } from './resource.js';
import type { EncodedResource, ResourceType } from './resource.js';

/** What happens on a stream, for log, metrics and the acknowledged sequence. */
export interface StreamEvents {
  send(response: DeltaResponse<ResourceType>): void;
  /** Envoy said what it holds of that type. */
  opened(type: ResourceType): void;
  acknowledged(type: ResourceType, names: string[]): void;
  /** `names` has one entry when the resource itself is bad; otherwise the push is split and sent again. */
  refused(type: ResourceType, names: string[], reason: string): void;
  /** Asks for a pump() after so many ms. */
  later(ms: number): void;
}

interface Parts {
  desired: DesiredState;
  view: EnvoyView;
  refused: RefusedResources;
  events: StreamEvents;
}

/**
 * One delta ADS stream. Of each type at most one response is on its way, and the next is chosen by what Envoy lacks,
 * in an order in which nothing ever names what is not there: clusters, their endpoints (Envoy acknowledges a cluster
 * only once it has them), scopes when both are acknowledged, and only then clusters that went.
 */
export class DeltaStream {
  readonly #opened = new Set<ResourceType>();
  /** Types whose first request has no answer yet; Envoy waits for one, even an empty one. */
  readonly #unanswered = new Set<ResourceType>();
  readonly #subscribed = new Set<string>();
  /** Halves of pushes that were refused, to be sent on their own until the bad one is alone. */
  #halves: { type: ResourceType; names: string[] }[] = [];
  readonly #onItsWay = new Map<ResourceType, DeltaResponse<ResourceType>>();
  #nonce = 0;

  constructor(private readonly parts: Parts) {}

  receive(request: DeltaRequest): void {
    const type = typeOfUrl(request.type_url);
    if (type === undefined) return;
    if (!this.#opened.has(type)) this.#open(type, request);
    if (type === 'endpoints') this.#subscribe(request);
    const awaited = this.#onItsWay.get(type);
    if (awaited && request.response_nonce === awaited.nonce) this.#settle(awaited, request);
    this.pump();
  }

  /** Sends what can be sent now. */
  pump(): void {
    this.#send('cluster', () => this.#additions('cluster'));
    this.#send('endpoints', () => this.#additions('endpoints'));
    this.#send('scope', () => this.#scopes());
    if (this.#onItsWay.size > 0) return;
    this.#send('cluster', () => this.#removals('cluster'));
    this.#send('endpoints', () => this.#removals('endpoints'));
  }

  #send(type: ResourceType, choose: () => DeltaResponse<ResourceType> | undefined): void {
    if (!this.#opened.has(type) || this.#onItsWay.has(type)) return;
    const response = this.#fromHalves(type) ?? choose();
    if (!response) return;
    this.#onItsWay.set(type, response);
    this.#unanswered.delete(type);
    // A cluster that changed is made anew and waits for its endpoints again.
    if (type === 'cluster')
      for (const { name } of response.resources) this.parts.view.held.endpoints.delete(name);
    this.parts.events.send(response);
  }

  #open(type: ResourceType, request: DeltaRequest): void {
    this.#opened.add(type);
    this.#unanswered.add(type);
    const held = this.parts.view.held[type];
    held.clear();
    for (const [name, version] of Object.entries(request.initial_resource_versions)) held.set(name, version);
    if (type === 'endpoints') for (const name of held.keys()) this.#subscribed.add(name);
    this.parts.events.opened(type);
  }

  #subscribe(request: DeltaRequest): void {
    const held = this.parts.view.held.endpoints;
    for (const name of request.resource_names_subscribe) {
      this.#subscribed.add(name);
      if (!(name in request.initial_resource_versions)) held.delete(name);
    }
    for (const name of request.resource_names_unsubscribe) {
      this.#subscribed.delete(name);
      held.delete(name);
    }
  }

  #settle(response: DeltaResponse<ResourceType>, request: DeltaRequest): void {
    this.#onItsWay.delete(response.type);
    const { view, refused, events } = this.parts;
    const { type, resources, removed } = response;
    const names = [...resources.map(({ name }) => name), ...removed];
    if (request.error_detail) {
      this.#split(type, resources, request.error_detail.message);
      return;
    }
    for (const { name, version } of resources) {
      view.held[type].set(name, version);
      refused.accepted(type, name);
    }
    for (const name of removed) view.held[type].delete(name);
    events.acknowledged(type, names);
  }

  #split(type: ResourceType, resources: EncodedResource[], reason: string): void {
    const { refused, events } = this.parts;
    const names = resources.map(({ name }) => name);
    const [only] = resources;
    if (only && resources.length === 1) {
      events.later(refused.add(type, only.name, only.version));
    } else {
      const middle = Math.ceil(names.length / 2);
      this.#halves.push({ type, names: names.slice(0, middle) }, { type, names: names.slice(middle) });
    }
    events.refused(type, names, reason);
  }

  #fromHalves(type: ResourceType): DeltaResponse<ResourceType> | undefined {
    for (;;) {
      const index = this.#halves.findIndex((half) => half.type === type);
      const [half] = index < 0 ? [] : this.#halves.splice(index, 1);
      if (!half) return undefined;
      const names = half.names.filter((name) => this.#isDue(type, name));
      if (names.length > 0) return this.#response(type, names, []);
    }
  }

  #additions(type: ResourceType): DeltaResponse<ResourceType> | undefined {
    const names = this.parts.view.missing(type).filter((name) => this.#isDue(type, name));
    return names.length > 0 || this.#unanswered.has(type) ? this.#response(type, names, []) : undefined;
  }

  #scopes(): DeltaResponse<ResourceType> | undefined {
    const { view, desired } = this.parts;
    const due = view.missing('scope').filter((name) => this.#isDue('scope', name));
    const names = due.filter((name) =>
      desired.needsOf(name).every((cluster) => view.isClusterReady(cluster)),
    );
    const removed = view.surplus('scope');
    if (this.#unanswered.has('scope')) {
      // The first answer opens the listener: half of the hosts would be 404 until the other half comes.
      return due.some((name) => !names.includes(name) && this.#isComing(name))
        ? undefined
        : this.#response('scope', names, removed);
    }
    return names.length + removed.length > 0 ? this.#response('scope', names, removed) : undefined;
  }

  /** Whether the clusters of that scope are only on their way, not refused. */
  #isComing(scope: string): boolean {
    const { desired, view } = this.parts;
    return desired
      .needsOf(scope)
      .every(
        (name) =>
          view.isClusterReady(name) ||
          (this.#isAllowed('cluster', name) && this.#isAllowed('endpoints', name)),
      );
  }

  #removals(type: ResourceType): DeltaResponse<ResourceType> | undefined {
    const removed = this.parts.view.surplus(type);
    return removed.length > 0 ? this.#response(type, [], removed) : undefined;
  }

  #isDue(type: ResourceType, name: string): boolean {
    if (type === 'endpoints' && !this.#subscribed.has(name)) return false;
    return !this.parts.view.isCurrent(type, name) && this.#isAllowed(type, name);
  }

  #isAllowed(type: ResourceType, name: string): boolean {
    return !this.parts.refused.holdsBack(type, name, this.parts.desired.resources[type].get(name)?.version);
  }

  #response(type: ResourceType, names: string[], removed: string[]): DeltaResponse<ResourceType> {
    const desired = this.parts.desired.resources[type];
    const resources = names.flatMap((name) => desired.get(name) ?? []);
    return { type, nonce: String(++this.#nonce), resources, removed };
  }
}
