import type {
  ClusterFacts,
  Condition,
  Digest,
  Door,
  Id,
  OfferedGpus,
  PinnedSecret,
  Target,
} from '#libs/domain';

/**
 * The environment of a revision with every secret opened; asked again at every start of an instance. A TowpathError
 * it rejects with becomes the cause why the revision is not ready.
 */
export type ResolvedEnv = (revisionId: Id<'rev'>) => Promise<Record<string, string>>;

/** Opens one version of a secret that a target names; `purpose` is said when it cannot be opened. */
export type OpenSecret = (secret: PinnedSecret, purpose: string) => Promise<Uint8Array>;

/** An image as a runtime on this machine starts it. Many instances share the folder; nobody writes into it. */
export interface ImageFolder {
  root: string;
  /** Program and arguments; a revision's own `command` goes before it. */
  command: string[];
  env: Record<string, string>;
}

/** Where the local runtime gets images from. Rejects with a TowpathError when the digest is not there. */
export interface ImageStore {
  imageFolder(digest: Digest): Promise<ImageFolder>;
}

/** What the driver sees of one revision. */
export interface RevisionState {
  revisionId: Id<'rev'>;
  name: string;
  /** Type `Ready`: true after the first successful start, false with the cause, unknown while nobody knows yet. */
  ready: Condition;
  /** Instances that start or serve now. */
  instances: number;
}

/** One running copy of a revision, from its start until nothing of it is left. */
export interface InstanceState {
  serviceId: Id<'svc'>;
  revisionId: Id<'rev'>;
  revision: string;
  /** Unique for good. Not its name, which is made of the customer's words: this is kept after an erasure. */
  uid: string;
  /** UTC ms. */
  startedAt: number;
  /** Since when new requests may come to it, UTC ms, rather too early than too late; absent: they do not. */
  readyAt?: number;
}

/** One line of an instance (`stdout`, `stderr`), or of the driver about it (`system`). */
export interface DriverLog {
  serviceId: Id<'svc'>;
  revision: string;
  /** Absent when the line is about the revision as a whole. */
  instance?: string;
  /** The sidecar that wrote it. */
  container?: string;
  stream: 'stdout' | 'stderr' | 'system';
  /** UTC ms. */
  time: number;
  text: string;
}

/**
 * A runtime as the agent sees it. Everything is level-triggered: `apply` may be called again with the same target at
 * any time and then changes nothing. Nothing above this interface knows which runtime runs.
 */
export interface Driver {
  readonly runtime: 'local' | 'knative';
  /** Opens the ingress and ends what a former run of the agent left behind. @throws Stopped when it is stopped before */
  start(): Promise<void>;
  /** Ends requests in flight first, then every instance; bounded by the driver's drain and grace times. */
  stop(): Promise<void>;
  /** Where gateways reach the ingress, after `start`. */
  door(): Door;
  /** Whether services may come there, after `start`; `found` says why not. */
  isFit(): boolean;
  /** What was found of the cluster itself; told during `start` already, which waits for what it cannot do without. */
  found(): ClusterFacts | undefined;
  /** All GPU classes of the installation: what the cluster has of each is counted from now on, and told by `found`. */
  offered(classes: readonly OfferedGpus[]): void;
  /**
   * Makes the service's revisions those of the target; does not wait until they are ready. A known revision's spec is
   * never changed, only its `minInstances`. A revision that is not in the target any more ends its requests and goes.
   */
  apply(target: Target, env: ResolvedEnv, open: OpenSecret): Promise<void>;
  /** Resolves when nothing of the service is left running; what is waited for long is waited for until `signal`. */
  remove(serviceId: Id<'svc'>, signal?: AbortSignal): Promise<void>;
  /** Calls back after every change of what `status` answers. Returns the function that ends it. */
  onChange(listener: (serviceId: Id<'svc'>) => void): () => void;
  /** In the order of the target; empty for an unknown service. */
  status(serviceId: Id<'svc'>): RevisionState[];
  /** Why not everything of the service could be applied although the cluster is well: somebody else claims it. */
  contested(serviceId: Id<'svc'>): Condition | undefined;
  services(): Id<'svc'>[];
  instances(): InstanceState[];
  /** Since when every change of `instances` was seen, UTC ms: of before, some may have come and gone. */
  seenSince(): number;
  /** Calls back for every line. Returns the function that ends it. */
  onLog(listener: (entry: DriverLog) => void): () => void;
}
