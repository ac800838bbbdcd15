import type { Condition } from '#libs/domain';
import { keyOf, type KubeError, type KubeObject } from '#libs/kube';
import { LABELS } from './knative.names.js';

/** All field managers of Towpath are named so. */
const OWN_MANAGERS = 'towpath-';
/** How often it is looked whether a claim stands: nothing of others is watched. */
export const CONTESTED_MS = 30_000;

/** An object that somebody else claims, wholly or in part. It is left as it is. */
export class ContestedError extends Error {
  override readonly name = 'ContestedError';

  private constructor(
    readonly reason: 'NameTaken' | 'FieldTaken',
    /** For people: which object, whose, and which fields. */
    message: string,
    readonly nextStep: string,
    /** Which fields, where only some of them are claimed. */
    readonly claims: readonly Claim[] = [],
    /** It is about a namespace that is not ours: nothing may be written into it. */
    readonly isOfPlace = false,
  ) {
    super(message);
  }

  /** Something of that name is there, and Towpath did not make it. */
  static nameTaken(wanted: KubeObject, found: KubeObject): ContestedError {
    const makers = [...new Set((found.metadata.managedFields ?? []).map(({ manager }) => manager))];
    const by = makers.length === 0 ? '' : ` by ${makers.join(', ')}`;
    return new ContestedError(
      'NameTaken',
      `${wanted.kind} ${keyOf(wanted)} was made${by} and not by Towpath; it is left as it is.`,
      takenNextStep(wanted),
      [],
      wanted.kind === 'Namespace',
    );
  }

  /** Others want fields to be different, and keep saying so. */
  static fieldTaken(wanted: KubeObject, claims: readonly Claim[]): ContestedError {
    const fields = claims.map(({ manager, field }) => `${field} (${manager})`);
    return new ContestedError(
      'FieldTaken',
      `Of ${wanted.kind} ${keyOf(wanted)} others hold ${fields.join(', ')}; it is left as it is.`,
      'An operator takes these fields out of what the other manager applies; the service goes on by itself.',
      claims,
    );
  }
}

/** One field that another manager holds. */
export interface Claim {
  manager: string;
  /** As Kubernetes writes it: `.spec.hard.pods`. */
  field: string;
}

/** Which fields of an apply without force others hold; none for an error of another kind. */
export function claimsOf({ status, causes }: KubeError): Claim[] {
  if (status !== 409) return [];
  return causes.flatMap(({ field = '', message = '' }) => {
    const [, manager] = /^conflict with "([^"]*)"/.exec(message) ?? [];
    return manager === undefined ? [] : [{ manager, field }];
  });
}

/** Whether a writer of Towpath's. */
export const isOwn = (manager: string): boolean => manager.startsWith(OWN_MANAGERS);

/**
 * Those that stand: whoever applies an object keeps saying what he wants, whoever edited it once does not. What is only
 * edited is drift.
 */
export function standing(claims: readonly Claim[], found: KubeObject): Claim[] {
  const appliers = (found.metadata.managedFields ?? [])
    .filter(({ operation }) => operation === 'Apply')
    .map(({ manager }) => manager);
  return claims.filter(({ manager }) => appliers.includes(manager) && !isOwn(manager));
}

/** Whether a writer of Towpath's applied it, whatever its labels say. */
export function isApplied({ metadata: { managedFields = [] } }: Pick<KubeObject, 'metadata'>): boolean {
  return managedFields.some(({ manager, operation }) => operation === 'Apply' && isOwn(manager));
}

/**
 * Whether Towpath made it, for the same project; which cluster it belonged to then is no matter. Labels can be edited away:
 * what a writer of Towpath has applied is Towpath's without them, unless they name another project.
 */
export function isOurs({ metadata: { labels: wanted = {} } }: KubeObject, { metadata }: KubeObject): boolean {
  const { labels: has = {} } = metadata;
  const isOurWork = isApplied({ metadata });
  const isSame = (label: string): boolean =>
    wanted[label] === undefined || wanted[label] === (has[label] ?? (isOurWork ? wanted[label] : undefined));
  return (
    (isOurWork || has[LABELS.owner] !== undefined) && isSame(LABELS.organization) && isSame(LABELS.project)
  );
}

/** Does it with each; what somebody else claims keeps none of the others from it. @throws ContestedError of the first */
export async function withEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let contested: ContestedError | undefined;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      // whose the place is decides about everything in it
      if (!(error instanceof ContestedError) || error.isOfPlace) throw error;
      contested ??= error;
    }
  }
  if (contested !== undefined) throw contested;
}

/** A namespace holds more than itself: nobody is told to delete one. */
function takenNextStep({ kind, metadata: { labels = {} } }: KubeObject): string {
  if (kind !== 'Namespace') return 'An operator deletes or renames it; the service goes on by itself.';
  const own = Object.entries(labels).filter(([name]) => name.startsWith('towpath.dev/'));
  const told = own.map(([name, value]) => `${name}=${value}`).join(' ');
  return `An operator finds out whose it is; if it is Towpath's, he labels it ${told}, and the service goes on by itself.`;
}

/** What is told of a service whose objects are contested; undefined for another error. */
export function contestedCondition(error: unknown, now: number, before?: Condition): Condition | undefined {
  if (!(error instanceof ContestedError)) return undefined;
  const { reason, message, nextStep } = error;
  return {
    type: 'Contested',
    status: 'true',
    reason,
    message,
    nextStep,
    changedAt: before?.changedAt ?? now,
  };
}
