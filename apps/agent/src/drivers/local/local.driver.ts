import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  TowpathError,
  type Clock,
  type Door,
  type Id,
  type Random,
  type Target,
  type TargetRevision,
} from '#libs/domain';
import type { Logger } from '#libs/process';
import type { Driver, DriverLog, ImageStore, InstanceState, ResolvedEnv, RevisionState } from '../driver.js';
import { FreePorts } from './free.port.js';
import { scanProcesses } from './host.processes.js';
import { Ingress } from './ingress.js';
import { InstanceLedger } from './instance.ledger.js';
import { Listeners } from '../listeners.js';
import type { LocalSettings } from './local.settings.js';
import { RevisionRunner } from './revision.runner.js';

export interface LocalDriverParts {
  settings: LocalSettings;
  /** NODE_ENV of the agent. */
  environment: string | undefined;
  images: ImageStore;
  clock: Clock;
  random: Random;
  logger: Logger;
}

/**
 * Runs instances as processes of this machine, on loopback only. It isolates nothing: every instance can do what the
 * agent's user can do, so it refuses to start in production.
 */
export class LocalDriver implements Driver {
  readonly runtime = 'local';
  private readonly ingress = new Ingress();
  private readonly ledger: InstanceLedger;
  private readonly ports: FreePorts;
  private readonly changes = new Listeners<Id<'svc'>>();
  private readonly logs = new Listeners<DriverLog>();
  private readonly held = new Map<Id<'svc'>, Map<Id<'rev'>, RevisionRunner>>();
  /** Revisions on their way out. */
  private readonly leaving = new Map<RevisionRunner, { serviceId: Id<'svc'>; gone: Promise<void> }>();
  private timers: NodeJS.Timeout[] = [];
  private port: number | undefined;

  constructor(private readonly parts: LocalDriverParts) {
    mkdirSync(parts.settings.dataDir, { recursive: true });
    this.ledger = new InstanceLedger(parts.settings.dataDir);
    this.ports = new FreePorts(parts.random);
  }

  async start(): Promise<void> {
    const { settings, environment, logger } = this.parts;
    if (environment === 'production') {
      throw new TowpathError(
        'FAILED_PRECONDITION',
        'The local runtime isolates nothing and does not start with NODE_ENV=production; join a Kubernetes cluster instead.',
      );
    }
    const orphans = await this.ledger.endOrphans(settings.stopGraceMs);
    if (orphans.length > 0) logger.warn({ instances: orphans }, 'ended instances of a former run');
    this.port = await this.ingress.open(
      settings.ingressPort === 0 ? this.formerPort() : settings.ingressPort,
    );
    writeFileSync(this.portFile(), String(this.port));
    this.timers = [
      setInterval(() => this.tick(), settings.tickMs),
      setInterval(() => this.enforceMemory(), settings.memorySampleMs),
    ];
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.ingress.close(this.parts.settings.drainMs);
    const running = [...this.leaving.keys(), ...this.runners()];
    await Promise.all(running.map((runner) => runner.halt()));
    this.held.clear();
  }

  door(): Door {
    if (this.port === undefined) throw new Error('the ingress is not open yet');
    return { host: '127.0.0.1', port: this.port };
  }

  /** This machine is as it is. */
  isFit(): boolean {
    return true;
  }

  /** Nobody else is here. */
  contested(): undefined {
    return undefined;
  }

  /** Nothing is to be found of it. */
  found(): undefined {
    return undefined;
  }

  /** It has no GPUs. */
  offered(): void {
    return undefined;
  }

  apply(target: Target, env: ResolvedEnv): Promise<void> {
    const serviceId = target.service.id;
    const former = this.held.get(serviceId);
    // A new map each time keeps the order of the target.
    const next = new Map<Id<'rev'>, RevisionRunner>();
    for (const revision of target.revisions) {
      const runner = former?.get(revision.id) ?? this.begin(target.service, revision);
      runner.expect({ minInstances: revision.minInstances, suspended: target.suspended === true }, env);
      next.set(revision.id, runner);
      this.ingress.routes.set(runner.revision.host, { pool: runner.pool, protocol: revision.protocol });
    }
    this.held.set(serviceId, next);
    for (const [id, runner] of former ?? []) if (!next.has(id)) this.retire(serviceId, runner);
    for (const [id, runner] of next) if (former?.has(id) !== true || target.suspended) runner.tick();
    this.changes.tell(serviceId);
    return Promise.resolve();
  }

  async remove(serviceId: Id<'svc'>): Promise<void> {
    for (const runner of this.held.get(serviceId)?.values() ?? []) this.retire(serviceId, runner);
    this.held.delete(serviceId);
    const going = [...this.leaving.values()].filter((one) => one.serviceId === serviceId);
    await Promise.all(going.map((one) => one.gone));
  }

  onChange(listener: (serviceId: Id<'svc'>) => void): () => void {
    return this.changes.add(listener);
  }

  onLog(listener: (entry: DriverLog) => void): () => void {
    return this.logs.add(listener);
  }

  status(serviceId: Id<'svc'>): RevisionState[] {
    return [...(this.held.get(serviceId)?.values() ?? [])].map((runner) => runner.state());
  }

  services(): Id<'svc'>[] {
    return [...this.held.keys()];
  }

  instances(): InstanceState[] {
    return [...this.runners(), ...this.leaving.keys()].flatMap((runner) => runner.running());
  }

  /** They are its own. */
  seenSince(): number {
    return 0;
  }

  private retire(serviceId: Id<'svc'>, runner: RevisionRunner): void {
    this.ingress.routes.delete(runner.revision.host, runner.pool);
    const gone = runner.close().finally(() => {
      this.leaving.delete(runner);
      this.ledger.forgetRevision(runner.revision.id);
      this.changes.tell(serviceId);
    });
    this.leaving.set(runner, { serviceId, gone });
  }

  private begin(service: Target['service'], revision: TargetRevision): RevisionRunner {
    return new RevisionRunner(service, revision, {
      ...this.parts,
      ports: this.ports,
      ledger: this.ledger,
      onChange: () => this.changes.tell(service.id),
      onLog: (entry) => this.logs.tell(entry),
    });
  }

  private tick(): void {
    for (const runner of this.runners()) runner.tick();
  }

  private enforceMemory(): void {
    const running = [...this.runners(), ...this.leaving.keys()].filter((one) => one.hasInstances);
    if (running.length === 0) return;
    const rows = scanProcesses();
    for (const runner of running) runner.enforceMemory(rows);
  }

  private runners(): RevisionRunner[] {
    return [...this.held.values()].flatMap((revisions) => [...revisions.values()]);
  }

  private portFile(): string {
    return join(this.parts.settings.dataDir, 'ingress.port');
  }

  /** Gateways with an older configuration go on reaching us after a restart when the port stays. */
  private formerPort(): number {
    try {
      const port = Number(readFileSync(this.portFile(), 'utf8'));
      return Number.isInteger(port) && port > 0 && port < 65_536 ? port : 0;
    } catch {
      return 0;
    }
  }
}
