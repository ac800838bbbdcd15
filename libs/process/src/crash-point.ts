/**
 * The places where a process dies or stands still on purpose when TOWPATH_CRASH_POINT names them, and what has happened by
 * then. Each stands where two things that belong together are not in one transaction, or before the commit of one;
 * e2e/crashes and e2e/ledger enumerate all of them.
 */
export const CRASH_POINTS = {
  'api.working': 'the rows of a change are written, the transaction is not committed',
  'api.committed': 'a change is committed, nobody is told',
  'api.uploaded': 'an archive is stored, its row is not',
  'identity.admitted': 'a member is let in and equipped, the transaction is not committed',
  'identity.committed': 'a member is let in, it has not heard so',
  'deployer.published': 'the broker holds a message, its outbox row is not marked',
  'deployer.decided': 'a decision is committed, no agent and no gateway is shown it',
  'deployer.shown': 'one key of several is shown',
  'deployer.woken': 'a hub event woke its service, the message is not acknowledged',
  'billing.read': 'usage messages are read, nothing is copied',
  'billing.copied': 'usage records are copied, the transaction is not committed',
  'billing.committed': 'usage records are committed, the message is not acknowledged',
  'billing.instances.read': 'words about instances are read, nothing is stored',
  'billing.instances.stored': 'times of instances are stored, the transaction is not committed',
  'billing.instances.committed': 'times of instances are committed, the message is not acknowledged',
  'billing.builds.read': 'times of builds wait and are read, nothing is taken in',
  'billing.builds.taken': 'times of builds are taken in, the transaction is not committed',
  'billing.builds.committed': 'times of builds are committed, nobody is told',
  'billing.folded': 'windows are folded, the transaction is not committed',
  'billing.settled': 'hours are closed in the ledger, the transaction is not committed',
  'billing.closed': 'hours are closed in the ledger, nobody is told',
  'billing.invoiced': 'an invoice is made, the transaction is not committed',
  'billing.finalized': 'an invoice is committed, nobody is told',
  'gateway.read': 'lines of the access log are read, nothing is published',
  'gateway.published': 'usage records are published, the checkpoint does not know',
  'gateway.aside': 'a spool is put aside, the checkpoint does not know',
  'gateway.routed': 'a route is with Envoy, the journal does not hold it',
  'agent.stored': 'a target is on disk, nothing is applied',
  'agent.applied': 'a target is applied, the hub has not heard so',
  'agent.spawned': 'an instance runs, the ledger does not know',
  'agent.built': 'an image is stored, the build has no result',
  'member.admitted': 'identity let this agent or gateway in, nothing of it is kept',
} as const;

export type CrashPoint = keyof typeof CRASH_POINTS;

/** At which hit of which point what happens: the process dies, or stands still until it gets SIGCONT. */
export interface PlannedCrash {
  point: CrashPoint;
  hits: number;
  signal: 'SIGKILL' | 'SIGSTOP';
}

let armed: PlannedCrash[] = [];

/** Reads `point[:hit][:stop]` (the first hit when absent), several apart by commas; undefined for anything else. */
export function parseCrashPoints(text: string): PlannedCrash[] | undefined {
  const planned = text.split(',').map(parseOne);
  return planned.every((one) => one !== undefined) ? planned : undefined;
}

function parseOne(text: string): PlannedCrash | undefined {
  const [, point = '', hits = '1', stop] = /^([a-z.]+)(?::([1-9]\d{0,6}))?(:stop)?$/.exec(text) ?? [];
  if (!Object.hasOwn(CRASH_POINTS, point)) return undefined;
  return { point: point as CrashPoint, hits: Number(hits), signal: stop ? 'SIGSTOP' : 'SIGKILL' };
}

/** From now on the process gets these signals at those hits of those points. */
export function armCrashPoints(planned: readonly PlannedCrash[]): void {
  armed = planned.map((one) => ({ ...one }));
}

/** Sends the process the signal that is due at this hit of this point; does nothing where none is. */
export function crashPoint(point: CrashPoint): void {
  for (const one of armed) {
    if (one.point !== point) continue;
    one.hits -= 1;
    if (one.hits === 0) process.kill(process.pid, one.signal);
  }
}
