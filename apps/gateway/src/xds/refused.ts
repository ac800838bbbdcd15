import type { Clock } from '#libs/domain';
import type { ResourceType } from './resource.js';

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

interface Refused {
  version: string;
  attempts: number;
  retryAt: number;
}

/** Resources that Envoy refused when it got them alone: kept back, tried again ever later, forgotten when they change. */
export class RefusedResources {
  readonly #refused = new Map<string, Refused>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.#refused.size;
  }

  /** Returns the ms until it may be tried again. */
  add(type: ResourceType, name: string, version: string): number {
    const key = `${type} ${name}`;
    const known = this.#refused.get(key);
    const attempts = known?.version === version ? known.attempts + 1 : 1;
    const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** (attempts - 1));
    this.#refused.set(key, { version, attempts, retryAt: this.clock.now() + wait });
    return wait;
  }

  accepted(type: ResourceType, name: string): void {
    this.#refused.delete(`${type} ${name}`);
  }

  /** Whether Envoy refused that content when it got it last. */
  has(type: ResourceType, name: string, version: string | undefined): boolean {
    return version !== undefined && this.#refused.get(`${type} ${name}`)?.version === version;
  }

  /** Whether that content must not be sent now. */
  holdsBack(type: ResourceType, name: string, version: string | undefined): boolean {
    const known = this.#refused.get(`${type} ${name}`);
    return known !== undefined && known.version === version && known.retryAt > this.clock.now();
  }
}
