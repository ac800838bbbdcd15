import type { DesiredState } from './desired-state.js';
import type { RefusedResources } from './refused.js';
import type { ResourceType } from './resource.js';

/** What Envoy holds, as far as it said so. Outlives a stream: a broken stream takes nothing out of Envoy. */
export class EnvoyView {
  readonly held: Record<ResourceType, Map<string, string>> = {
    cluster: new Map(),
    endpoints: new Map(),
    scope: new Map(),
  };

  constructor(
    private readonly desired: DesiredState,
    private readonly refused: RefusedResources,
  ) {}

  isCurrent(type: ResourceType, name: string): boolean {
    return this.held[type].get(name) === this.desired.resources[type].get(name)?.version;
  }

  /** Whether Envoy will not take that host as it is: its scope was refused, or a cluster that it needs. */
  isHostRefused(host: string): boolean {
    const refused = (type: ResourceType, name: string): boolean =>
      this.refused.has(type, name, this.desired.resources[type].get(name)?.version);
    return (
      refused('scope', host) ||
      this.desired.needsOf(host).some((name) => refused('cluster', name) || refused('endpoints', name))
    );
  }

  /** Names whose content Envoy does not have yet. */
  missing(type: ResourceType): string[] {
    return [...this.desired.resources[type].keys()].filter((name) => !this.isCurrent(type, name));
  }

  /** Names Envoy has and should not have any more. */
  surplus(type: ResourceType): string[] {
    return [...this.held[type].keys()].filter((name) => !this.desired.resources[type].has(name));
  }

  /** Whether Envoy could route to that cluster: an inline scope naming an unknown one is refused. */
  isClusterReady(name: string): boolean {
    return this.isCurrent('cluster', name) && this.isCurrent('endpoints', name);
  }
}
