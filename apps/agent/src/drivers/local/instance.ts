import { TowpathError, type TargetRevision } from '#libs/domain';
import { crashPoint, type Logger } from '#libs/process';
import type { ImageStore, ResolvedEnv } from '../driver.js';
import type { FreePorts } from './free.port.js';
import { listeningPorts, residentBytes, scanProcesses, treeOf, type HostProcess } from './host.processes.js';
import { instanceEnv } from './instance.env.js';
import type { InstanceLedger } from './instance.ledger.js';
import { InstanceProcess, type ProcessEnd } from './instance.process.js';
import type { LocalSettings } from './local.settings.js';
import { Place } from './place.js';
import { failureOfEnd, timeoutFailure, type StartFailure } from './ready.condition.js';
import { portOpens } from './startup.probe.js';

/** What every instance is made with. */
export interface InstanceMakings {
  settings: LocalSettings;
  logger: Logger;
  images: ImageStore;
  ports: FreePorts;
  ledger: InstanceLedger;
}

export interface InstancePlan {
  uid: string;
  instanceId: string;
  startedAt: number;
  service: string;
  revision: TargetRevision;
  env: ResolvedEnv;
  onLine: (stream: 'stdout' | 'stderr', text: string) => void;
}

/** `leaving`: takes no new requests and may come back; `stopping`: on its way out for good. */
export type InstancePhase = 'starting' | 'ready' | 'leaving' | 'stopping';

/** One running copy of a revision, from the choice of its port until nothing of it is left. */
export class Instance {
  phase: InstancePhase = 'starting';
  /** UTC ms; set once it serves. */
  readyAt: number | undefined;
  place: Place | undefined;
  /** Set when we wished its end, so that its end is no failure. */
  wasStopped = false;
  /** Ends it when its last requests take too long. */
  leaveTimer: NodeJS.Timeout | undefined;
  private process: InstanceProcess | undefined;
  private readonly halt = new AbortController();

  constructor(
    private readonly makings: InstanceMakings,
    readonly plan: InstancePlan,
  ) {}

  /** Starts it. Resolves with nothing once its port is open, or with the cause why not; then nothing of it is left. */
  async start(): Promise<StartFailure | undefined> {
    const failure = await this.open().catch((error: unknown): StartFailure => {
      this.makings.logger.error({ err: error, revision: this.plan.revision.id }, 'instance not prepared');
      return error instanceof TowpathError ? notStarted(error.message, error.nextStep) : notPrepared();
    });
    if (failure !== undefined) await this.clear();
    return failure;
  }

  /** Resolves when its program has ended; only after a successful `start`. */
  async over(): Promise<ProcessEnd> {
    const end = await this.process?.ended;
    this.phase = 'stopping';
    return end ?? { code: null, signal: null, lines: [] };
  }

  /** Ends what the program left behind and frees what it held. */
  async clear(): Promise<void> {
    this.phase = 'stopping';
    this.place?.close();
    await this.process?.stop(this.makings.settings.stopGraceMs);
    if (this.place !== undefined) this.makings.ports.release(this.place.port);
    this.makings.ledger.forget(this.plan.instanceId);
  }

  /** SIGTERM, grace, SIGKILL. */
  async stop(): Promise<void> {
    clearTimeout(this.leaveTimer);
    this.wasStopped = true;
    this.phase = 'stopping';
    this.halt.abort();
    await this.process?.stop(this.makings.settings.stopGraceMs);
  }

  /** Ends it when its processes together hold more memory than the revision may; returns the bytes it had then. */
  enforceMemory(rows: readonly HostProcess[]): number | undefined {
    const pid = this.process?.pid;
    if (pid === undefined) return undefined;
    const bytes = treeOf(pid, rows).reduce((sum, member) => sum + residentBytes(member.pid), 0);
    if (bytes <= this.plan.revision.resources.memoryMiB * 1024 * 1024) return undefined;
    this.process?.kill('OutOfMemory');
    return bytes;
  }

  private async open(): Promise<StartFailure | undefined> {
    const { settings, images, ports, ledger } = this.makings;
    const { revision, instanceId } = this.plan;
    const image = await images.imageFolder(revision.imageDigest);
    const command = revision.command ?? image.command;
    if (command.length === 0) return notStarted('The image names no command and the revision has none.');
    const env = await this.plan.env(revision.id);
    const port = await ports.take();
    this.place = new Place(instanceId, port, revision.concurrency);
    if (this.halt.signal.aborted) return notPrepared();
    const names = {
      service: this.plan.service,
      revision: revision.name,
      port,
      home: ledger.makeHome(instanceId),
    };
    this.process = new InstanceProcess({
      command,
      root: image.root,
      env: instanceEnv(names, image.env, env),
      maxLineLength: settings.maxLineLength,
      onLine: this.plan.onLine,
    });
    crashPoint('agent.spawned');
    if (this.process.pid !== undefined) ledger.write(instanceId, this.process.pid);
    return this.probe(this.process, port);
  }

  private async probe(process: InstanceProcess, port: number): Promise<StartFailure | undefined> {
    const { startTimeoutMs, probeIntervalMs } = this.makings.settings;
    const opened = portOpens(port, startTimeoutMs, probeIntervalMs, this.halt.signal);
    const first = await Promise.race([opened, process.ended]);
    if (first === true) return undefined;
    this.halt.abort();
    if (first !== false) return failureOfEnd(first, 'before it opened its port');
    const pids = process.pid === undefined ? [] : treeOf(process.pid, scanProcesses()).map((row) => row.pid);
    const listening = listeningPorts(pids);
    await process.stop(this.makings.settings.stopGraceMs);
    return timeoutFailure(port, startTimeoutMs, listening, (await process.ended).lines);
  }
}

function notStarted(message: string, nextStep = 'Mend it and deploy again.'): StartFailure {
  return { reason: 'StartFailed', message, nextStep, lines: [] };
}

function notPrepared(): StartFailure {
  return notStarted('The instance could not be prepared.', 'Look at the log of the agent.');
}
