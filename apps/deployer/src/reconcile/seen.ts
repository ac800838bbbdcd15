import type { BuildStatus, BuildTarget, GatewayStatus } from '#libs/bus';
import type { ImageSight } from '../images/image.sights.js';
import type { CappedBuild, Id, Route, Target, TargetReport } from '#libs/domain';
import type { ServiceRecords } from '#libs/store';

/** A value as a KV bucket shows it, with what is needed to replace it. */
export interface Shown<T> {
  value: T;
  sequence: number;
}

/** All that a pass looks at, read fresh: rows, reports, and what agents and gateways are shown now. */
export interface Seen {
  records: ServiceRecords;
  /** What clusters say now, by cluster id; newer than what the rows hold. */
  reports: ReadonlyMap<string, TargetReport>;
  /** What the registry says of the image that the template names, while its revision is not made. */
  image?: ImageSight;
  buildStatus?: BuildStatus;
  shownBuild?: Shown<BuildTarget>;
  /** By cluster id. */
  shownTargets: ReadonlyMap<string, Shown<Target>>;
  /** By host. */
  shownRoutes: ReadonlyMap<string, Shown<Route>>;
  /** The mark of bucket routes; sequences of another one say nothing. */
  routesMark?: string;
  gateways: readonly GatewayStatus[];
  /** Why no build may begin now; not known before one is to begin. */
  capped?: CappedBuild;
  /** Of clusters the service is leaving: how many services they hold, and lose by Towpath's own decision. */
  held: ReadonlyMap<Id<'cls'>, { held: number; removing: number }>;
}
