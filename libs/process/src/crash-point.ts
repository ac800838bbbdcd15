/**
 * The places where a process dies on purpose when TOWPATH_CRASH_POINT names one, and what has happened by then. Each
 * stands where two things that belong together are not in one transaction; e2e/crashes enumerates all of them.
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
  'billing.copied': 'usage records are copied, the transaction is not committed',
  'billing.committed': 'usage records are committed, the message is not acknowledged',
  'billing.folded': 'windows are folded, the transaction is not committed',
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

let armed: { point: CrashPoint; hits: number } | undefined;

/** Reads `point:hit` (the first hit when absent); undefined for anything else. */
export function parseCrashPoint(text: string): { point: CrashPoint; hits: number } | undefined {
  const [, point = '', hits = '1'] = /^([a-z.]+)(?::([1-9]\d{0,6}))?$/.exec(text) ?? [];
  return Object.hasOwn(CRASH_POINTS, point) ? { point: point as CrashPoint, hits: Number(hits) } : undefined;
}

/** From now on the process kills itself at that hit of that point. */
export function armCrashPoint(at: { point: CrashPoint; hits: number } | undefined): void {
  armed = at && { ...at };
}

/** Ends the process with SIGKILL when this is the point and the hit it was armed with; else does nothing. */
export function crashPoint(point: CrashPoint): void {
  if (armed?.point !== point) return;
  armed.hits -= 1;
  if (armed.hits === 0) process.kill(process.pid, 'SIGKILL');
}
