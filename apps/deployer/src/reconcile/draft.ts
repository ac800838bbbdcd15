import { same, serviceCondition } from '#libs/domain';
import type {
  Build,
  Condition,
  Home,
  Id,
  Operation,
  OperationStepName,
  Placement,
  PublicError,
  PublicOrigin,
  Random,
  Route,
  Service,
  ServiceReason,
  ServiceStatus,
  SplitLine,
  StepFact,
  TargetReport,
} from '#libs/domain';
import type { RevisionRecord, ServiceChanges, ServiceRecords, TargetRecord } from '#libs/store';
import type { Seen } from './seen.js';

/** What a decision depends on besides what was seen. */
export interface Tools {
  /** UTC ms of this pass. */
  now: number;
  random: Random;
  /** The services' domain and where it is reached, for URLs. */
  domain: string;
  origin: PublicOrigin;
}

/**
 * One pass over one service: starts as what the rows say; each step changes its own part; what differs at the end is
 * written once.
 */
export class Draft {
  readonly records: ServiceRecords;
  readonly service: Service;
  readonly now: number;
  build: Build | undefined;
  newRevision: RevisionRecord | undefined;
  /** All known revisions, the new one too; ascending by number. */
  revisions: RevisionRecord[];
  placement: Placement | undefined;
  /** Where the newest revision and those that are wanted run; empty before that was decided. */
  homes: readonly Home[] = [];
  /** Of revisions that no cluster can run as asked for: why. */
  unfit: ReadonlyMap<string, PublicError> = new Map();
  /** Targets as the rows have them, with what clusters said of these; no step changes them. */
  readonly reported: readonly TargetRecord[];
  targets: TargetRecord[];
  /** Revisions that give way to the newest one: they run nothing. */
  giving: readonly string[] = [];
  routes: Route[];
  /** The split in force after this pass. */
  split: SplitLine[];
  /** The newest revision that ever was ready. */
  latestReady: string | undefined;
  status: ServiceStatus;
  operations: Operation[];
  removedAt: number | undefined;
  readonly conditions: Condition[] = [];
  private readonly facts = new Map<OperationStepName, StepFact>();
  private wakeAfter: number | undefined;

  constructor(
    readonly seen: Seen,
    readonly tools: Tools,
  ) {
    const { records } = seen;
    this.records = records;
    this.service = records.service;
    this.now = tools.now;
    this.build = records.build;
    this.revisions = records.revisions;
    this.placement = records.placement;
    this.reported = records.targets.map((record) =>
      withReport(record, seen.reports.get(record.target.clusterId)),
    );
    this.targets = [...this.reported];
    this.routes = records.routes;
    this.status = records.service.status;
    this.split = this.status.traffic.map(({ url: _url, ...line }) => line);
    this.latestReady = this.status.latestReadyRevision;
    this.operations = records.operations;
  }

  /** The revision that the present template asks for, once it exists. */
  get ownRevision(): RevisionRecord | undefined {
    return this.revisionOf(this.records.templateGeneration);
  }

  revisionOf(generation: number): RevisionRecord | undefined {
    return this.revisions.find((revision) => revision.templateGeneration === generation);
  }

  /** Clusters that should hold the service, in order of preference. */
  get placed(): readonly Id<'cls'>[] {
    return this.placement?.clusterIds ?? [];
  }

  /** Where a revision is to run; undefined of one that is only kept. */
  homeOf(revision: string): readonly Id<'cls'>[] | undefined {
    return this.homes.find((home) => home.revision === revision)?.clusterIds;
  }

  /** Targets of the clusters that should hold the service. */
  get holdings(): TargetRecord[] {
    return this.targets.filter(({ target }) => this.placed.includes(target.clusterId));
  }

  /** Targets of clusters that hold the service, or are left and hold it still. */
  get live(): TargetRecord[] {
    return this.targets.filter(({ target }) => target.tombstone === undefined);
  }

  /** States what is true of a step of operations. */
  state(name: OperationStepName, status: StepFact['status'], message: string, error?: PublicError): void {
    this.facts.set(name, { name, status, message, ...(error ? { error } : {}) });
  }

  fact(name: OperationStepName): StepFact {
    return this.facts.get(name) ?? { name, status: 'running', message: '' };
  }

  say(reason: ServiceReason, more: { message?: string; nextStep?: string } = {}): void {
    this.conditions.push(serviceCondition(reason, this.now, more));
  }

  /** Asks for another pass after at most so long, when nothing else wakes it. */
  wakeIn(ms: number): void {
    this.wakeAfter = Math.min(ms, this.wakeAfter ?? ms);
  }

  get again(): number | undefined {
    return this.wakeAfter;
  }
}

function withReport(record: TargetRecord, report: TargetReport | undefined): TargetRecord {
  return report === undefined || same(report, record.report) ? record : { ...record, report };
}

/** What differs from the rows; undefined when nothing does. Parts that did not change are still the same objects. */
export function changesOf(draft: Draft): ServiceChanges | undefined {
  const { records } = draft;
  const fresh = <T>(now: readonly T[], before: readonly T[]): T[] =>
    now.filter((item) => !before.includes(item));
  const changes: ServiceChanges = {
    revisions: fresh(draft.revisions, records.revisions).filter(({ id }) => id !== draft.newRevision?.id),
    targets: fresh(draft.targets, records.targets),
    routes: fresh(draft.routes, records.routes),
    operations: fresh(draft.operations, records.operations),
    ...(draft.build && draft.build !== records.build ? { build: draft.build } : {}),
    ...(draft.newRevision ? { newRevision: draft.newRevision } : {}),
    ...(draft.placement && draft.placement !== records.placement ? { placement: draft.placement } : {}),
    ...(draft.status === records.service.status ? {} : { status: draft.status }),
    ...(draft.removedAt === undefined ? {} : { removedAt: draft.removedAt }),
  };
  const empty = Object.values(changes).every((part) => Array.isArray(part) && part.length === 0);
  return empty ? undefined : changes;
}
