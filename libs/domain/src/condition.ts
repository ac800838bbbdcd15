/** A named fact about a thing's state (Kubernetes' shape): `unknown` means "not decided yet". */
export interface Condition {
  type: string;
  status: 'true' | 'false' | 'unknown';
  /** One CamelCase word a program can switch on, from the lifecycle file of the concept. */
  reason: string;
  /** One sentence for a person; no inner text. */
  message: string;
  /** What the person can do now; absent when there is nothing to do. */
  nextStep?: string;
  /** UTC ms of the last change of status. */
  changedAt: number;
}

/** Puts a condition into a list; `changedAt` moves only when the status really changes. */
export function withCondition(list: readonly Condition[], next: Condition): Condition[] {
  const old = list.find((c) => c.type === next.type);
  const kept = old !== undefined && old.status === next.status ? { ...next, changedAt: old.changedAt } : next;
  return [...list.filter((c) => c.type !== next.type), kept];
}
