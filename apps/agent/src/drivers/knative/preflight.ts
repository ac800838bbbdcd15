import { setTimeout as sleep } from 'node:timers/promises';
import { withCondition, type ClusterFacts, type GpuPool, type OfferedGpus } from '#libs/domain';
import { KubeError } from '#libs/kube';
import { Loop, Milestone, type Logger } from '#libs/process';
import { GpuCounter } from './gpu.counter.js';
import { IngressLook } from './ingress.look.js';
import { findingsOf, isFit, unreached, type Finding } from './preflight.rules.js';
import { surveyCluster, type SurveyParts } from './preflight.survey.js';

const LOOK_MS = 300_000;
/** While the cluster lacks what nothing can run without. */
const WAIT_MS = 3_000;

/** Looks at the cluster before anything is put there, and every five minutes; keeps what it found. */
export class Preflight {
  private facts: ClusterFacts | undefined;
  /** Whether revisions could run there when it was last looked at. */
  private suits = false;
  private sandbox: boolean;
  private readonly gpus: GpuCounter;
  private readonly ingress: IngressLook;
  private readonly loop: Loop;
  private readonly fit = new Milestone();

  constructor(
    private readonly parts: SurveyParts & { areGpusAsked: () => boolean; logger: Logger },
    waitMs = WAIT_MS,
  ) {
    // until it was looked for: an agent that begins anew would lose what is held there
    this.sandbox = parts.runtimeClasses.sandboxed !== undefined;
    const { client, areGpusAsked: isWaitedFor, clock, logger } = parts;
    this.gpus = new GpuCounter({ client, isWaitedFor, clock, logger });
    this.ingress = new IngressLook({ client, clock, logger });
    this.loop = new Loop('preflight', LOOK_MS, (signal) => this.until(signal, waitMs), logger);
  }

  /** Whether the RuntimeClass of the sandboxed tier is named, and was there when it was last looked for. */
  hasSandbox(): boolean {
    return this.sandbox;
  }

  found(): ClusterFacts | undefined {
    if (this.facts === undefined) return undefined;
    const { conditions, gpus } = this.facts;
    const [supply, ingress] = [this.gpus.supply(), this.ingress.condition()];
    const all = [...conditions, ...(ingress === undefined ? [] : [ingress])];
    return { conditions: all, gpus, ...(supply === undefined ? {} : { supply }) };
  }

  /** Whether services may come there, as far as was last seen: revisions can run, and nobody gets in around the door. */
  isFit(): boolean {
    return this.suits && this.ingress.condition()?.status !== 'false';
  }

  /** Tries to get in around the door from now on, which stands; resolves when that was tried once. @throws Stopped as `passed` does */
  doorStands(): Promise<void> {
    return this.ingress.start();
  }

  /** See GpuCounter. */
  offered(classes: readonly OfferedGpus[]): void {
    this.gpus.count(classes);
  }

  /** Resolves when revisions can run there; that is told by the conditions while it waits. @throws Stopped when it is stopped before */
  passed(): Promise<void> {
    this.loop.start();
    return this.fit.passed();
  }

  async stop(): Promise<void> {
    this.fit.stop();
    await Promise.all([this.loop.stop(), this.gpus.stop(), this.ingress.stop()]);
  }

  private async until(signal: AbortSignal, waitMs: number): Promise<void> {
    do {
      if (await this.look()) return this.fit.reach();
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    } while (!signal.aborted);
  }

  /** @returns whether revisions can run there, as far as could be seen now */
  private async look(): Promise<boolean> {
    try {
      const survey = await surveyCluster(this.parts);
      this.note(findingsOf(survey), survey.gpus ?? []);
      this.sandbox = survey.runtimeClasses.some(({ tier, isThere }) => tier === 'sandboxed' && isThere);
      this.suits = isFit(survey);
      return this.suits;
    } catch (error) {
      const { conditions = [], gpus = [] } = this.facts ?? {};
      const failed = unreached(error instanceof KubeError ? error.status : undefined);
      if (!conditions.some(({ reason }) => reason === failed.reason))
        this.parts.logger.warn({ err: error }, failed.message);
      this.note([failed, ...conditions.filter(({ type }) => type !== failed.type)], gpus);
      return false;
    }
  }

  private note(findings: readonly Finding[], gpus: GpuPool[]): void {
    const { clock, logger } = this.parts;
    const changedAt = clock.now();
    const before = this.facts?.conditions ?? [];
    const conditions = findings.flatMap((finding) =>
      withCondition(
        before.filter(({ type }) => type === finding.type),
        { ...finding, changedAt },
      ),
    );
    for (const { type, status, reason, message } of conditions)
      if (status === 'false' && before.find((one) => one.type === type)?.reason !== reason)
        logger.warn({ type, reason }, message);
    this.facts = { conditions, gpus };
  }
}
