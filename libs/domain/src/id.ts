/** Every prefix of an id in Towpath; a new kind of thing gets its prefix here and nowhere else. */
export const ID_PREFIXES = [
  'org', // organization
  'prj', // project
  'key', // API key
  'grt', // grant of access to an operator
  'usr', // user
  'ses', // session of a user
  'inv', // invitation
  'svc', // service
  'rev', // revision
  'sec', // secret
  'upl', // upload
  'bld', // build
  'op', // operation
  'cls', // cluster
  'gpc', // GPU class
  'gw', // gateway
  'jt', // join token
  'aud', // audit row
  'evt', // event (outbox row)
  'ppv', // version of a price plan
  'crd', // credit
  'ivc', // invoice or credit note
  'pay', // payment
  'spl', // spool (a producer of usage records)
  'bdg', // budget
  'ntc', // notice
  'ent', // entry of the ledger
  'whk', // webhook
  'dlv', // delivery of a notice to a webhook
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];

/** A prefixed id: `<prefix>_` and 20 characters of [a-z0-9], sortable by time of creation. */
export type Id<P extends IdPrefix = IdPrefix> = `${P}_${string}`;

/** Returns `length` random bytes; passed in so that tests can repeat a run. */
export type Random = (length: number) => Uint8Array;

const TIME_DIGITS = 9;
const RANDOM_DIGITS = 11;
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz';

/**
 * Makes an id. The first 9 characters are the time in base 36 (enough until the year 5188), the other 11 are
 * random (56 bits), so ids made by one process sort by their millisecond.
 */
export function newId<P extends IdPrefix>(prefix: P, nowMs: number, random: Random): Id<P> {
  const time = nowMs.toString(36).padStart(TIME_DIGITS, '0');
  let tail = '';
  while (tail.length < RANDOM_DIGITS) {
    for (const byte of random(RANDOM_DIGITS)) {
      // 252 = 7 * 36: a larger byte would favour the first digits.
      if (byte < 252 && tail.length < RANDOM_DIGITS) tail += DIGITS[byte % 36];
    }
  }
  return `${prefix}_${time}${tail}`;
}

/** A new id that sorts behind another one, also where both are made in the same ms or the clock went back. */
export function newIdBehind<P extends IdPrefix>(
  last: Id<P> | undefined,
  prefix: P,
  nowMs: number,
  random: Random,
): Id<P> {
  const made = newId(prefix, nowMs, random);
  if (last === undefined || made > last) return made;
  const digits = [...last.slice(prefix.length + 1)];
  for (let i = digits.length - 1; i >= 0; i -= 1) {
    const next = (DIGITS.indexOf(digits[i] ?? '') + 1) % DIGITS.length;
    digits[i] = DIGITS[next] ?? '';
    if (next > 0) break;
  }
  return `${prefix}_${digits.join('')}`;
}

/** When an id was made, UTC ms. */
export function idTime(id: Id): number {
  const digits = id.slice(id.indexOf('_') + 1);
  return Number.parseInt(digits.slice(0, TIME_DIGITS), 36);
}

/** Whether the text is an id of that kind; says nothing about whether such a thing exists. */
export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return text.startsWith(`${prefix}_`) && /^[a-z0-9]{20}$/.test(text.slice(prefix.length + 1));
}

/** The id as Kubernetes names want it: `_` becomes `-`. */
export function kubernetesName(id: Id): string {
  return id.replace('_', '-');
}
