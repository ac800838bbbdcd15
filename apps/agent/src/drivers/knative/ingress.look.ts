import { networkInterfaces } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { withCondition, type Clock, type Condition } from '#libs/domain';
import { KINDS, KubeError, type KubeClient } from '#libs/kube';
import { Loop, Milestone, type Logger } from '#libs/process';
import { INGRESS_NAMESPACE, INGRESS_PODS } from './door.manifests.js';
import { ANSWER_MS, knockAt } from './ingress.knock.js';
import {
  ingressFinding,
  ingressPods,
  ingressWays,
  isReached,
  type IngressPod,
  type IngressSeen,
  type IngressService,
  type IngressWay,
} from './ingress.ways.js';

/** Nothing tells that a network lets somebody in. */
const LOOK_MS = 30_000;
/** While somebody is let in, or it could not be looked. */
const AGAIN_MS = 3_000;

export interface IngressParts {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  /** Addresses of the machine, or pod, that the agent runs on. */
  ownAddresses?: () => string[];
}

/** Tries every 30 s to reach the ingress around the door. It begins when the door stands: what keeps others out comes with that. */
export class IngressLook {
  private found: Condition | undefined;
  private isHindered = false;
  private readonly loop: Loop;
  private readonly looked = new Milestone();

  constructor(
    private readonly parts: IngressParts,
    private readonly lookMs = { rest: LOOK_MS, again: AGAIN_MS, answer: ANSWER_MS },
  ) {
    this.loop = new Loop('ingress', lookMs.rest, (signal) => this.until(signal), parts.logger);
  }

  /** Resolves when it was tried once. @throws Stopped when it is stopped before */
  start(): Promise<void> {
    this.loop.start();
    return this.looked.passed();
  }

  async stop(): Promise<void> {
    this.looked.stop();
    await this.loop.stop();
  }

  /** Undefined before it was tried. */
  condition(): Condition | undefined {
    return this.found;
  }

  private async until(signal: AbortSignal): Promise<void> {
    while (!(await this.isClosed(signal)) && !signal.aborted)
      await sleep(this.lookMs.again, undefined, { signal }).catch(() => undefined);
  }

  /** @returns whether it was tried, and nobody was let in */
  private async isClosed(signal: AbortSignal): Promise<boolean> {
    try {
      const seen = await this.look(signal);
      if (!signal.aborted) this.note(seen);
      this.isHindered = false;
      return !isReached(seen);
    } catch (error) {
      if (!this.isHindered)
        this.parts.logger.warn({ err: error }, 'it could not be tried whether the ingress is closed');
      this.isHindered = true;
      return false;
    }
  }

  private async look(signal: AbortSignal): Promise<IngressSeen> {
    const { client, ownAddresses = addressesHere } = this.parts;
    const where = { namespace: INGRESS_NAMESPACE };
    const labels = Object.entries(INGRESS_PODS).map(([name, value]) => `${name}=${value}`);
    const listed = await client.list<IngressPod>(KINDS.pod, { ...where, labels: labels.join(',') });
    const pods = ingressPods(listed.items);
    const services = await client.list<IngressService>(KINDS.service, where).catch(unlessForbidden);
    const here = ownAddresses();
    const isBeside = pods.some(({ status }) => here.includes(status?.hostIP ?? ''));
    const ways = isBeside ? [] : ingressWays(services?.items ?? [], pods);
    const tried = await this.tryAll(ways, signal);
    return { isReadable: services !== undefined, isBeside, tried };
  }

  /** Each look has a signal of its own: what is derived from one that lives long is kept with it. */
  private async tryAll(ways: readonly IngressWay[], signal: AbortSignal): Promise<IngressSeen['tried']> {
    const one = new AbortController();
    const end = (): void => one.abort();
    signal.addEventListener('abort', end, { once: true });
    try {
      return await Promise.all(
        ways.map(async (way) => ({ way, knock: await knockAt(way, one.signal, this.lookMs.answer) })),
      );
    } finally {
      signal.removeEventListener('abort', end);
    }
  }

  private note(seen: IngressSeen): void {
    const next = { ...ingressFinding(seen), changedAt: this.parts.clock.now() };
    const before = this.found;
    const [condition = next] = withCondition(before === undefined ? [] : [before], next);
    if (condition.status === 'false' && before?.status !== 'false')
      this.parts.logger.warn({ type: condition.type, reason: condition.reason }, condition.message);
    this.found = condition;
    this.looked.reach();
  }
}

function unlessForbidden(error: unknown): undefined {
  if (error instanceof KubeError && error.status === 403) return undefined;
  throw error;
}

const addressesHere = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
