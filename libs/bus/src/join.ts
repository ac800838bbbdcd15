import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { z } from 'zod';
import { TowpathError, isId } from '#libs/domain';
import type { Clock, Id } from '#libs/domain';
import { Loop, crashPoint, type Logger } from '#libs/process';

const time = z.union([
  z.int().nonnegative(),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);

/** What identity answers to `POST /join`. `expiresAt` travels as RFC 3339. */
export const joinAnswerSchema = z.object({
  kind: z.enum(['agent', 'gateway']),
  id: z.string().refine((text) => isId('cls', text) || isId('gw', text), 'must be a cluster or gateway id'),
  region: z.string(),
  natsUrl: z.string(),
  creds: z.string().min(1),
  renewalToken: z.string().min(1),
  expiresAt: time,
});

/** What identity answers to `POST /renew`; a field that is absent stays as it was. */
export const renewAnswerSchema = z.object({
  natsUrl: z.string().exactOptional(),
  creds: z.string().min(1),
  renewalToken: z.string().min(1).exactOptional(),
  expiresAt: time,
});

const membershipSchema = joinAnswerSchema.extend({ obtainedAt: z.int() });

/** What a joined agent or gateway keeps on disk (0600). Times are UTC ms. */
export type Membership = z.infer<typeof membershipSchema>;
/** The id of what joined: a cluster for an agent, a gateway for a gateway. */
export type MemberId<K extends Membership['kind']> = K extends 'agent' ? Id<'cls'> : Id<'gw'>;

export interface JoinOptions<K extends Membership['kind'] = Membership['kind']> {
  /** Identity's address, `TOWPATH_JOIN_URL`. */
  url: string;
  tokenFile: string;
  dataDir: string;
  /** The agent's X25519 JWK. */
  publicKey?: Record<string, unknown>;
  /** The cluster this agent means to be, by name; absent: whichever the token names. */
  cluster?: string;
  kind: K;
  clock: Clock;
  /** Ends the wait for an identity that does not answer yet. */
  signal?: AbortSignal;
}

const FILE = 'membership.json';
const NONCE_FILE = 'join.nonce';
const RETRY_MS = 300;
/** An answer of identity; shorter when what is on disk would do. */
const ANSWER_LIMIT_MS = 10_000;
const RESTORE_LIMIT_MS = 2_000;

/**
 * Gives the membership of this process: the one on disk, or a new one for the one-time token. Waits for an identity
 * that is not there yet; throws TowpathError when identity refuses the token or the folder belongs to another kind.
 * What is on disk is renewed at once when identity answers: NATS may have moved and the credentials may have ended
 * while this process was off. When it does not, they are used as they are.
 */
export async function joinOrRestore<K extends Membership['kind']>(
  options: JoinOptions<K>,
): Promise<Membership & { kind: K; id: MemberId<K> }> {
  const membership = (await restore(options)) ?? (await join(options));
  if (membership.kind !== options.kind) {
    throw new TowpathError('FAILED_PRECONDITION', `The data folder belongs to a joined ${membership.kind}.`, {
      nextStep: `Give this ${options.kind} a data folder of its own.`,
    });
  }
  return membership as Membership & { kind: K; id: MemberId<K> };
}

async function restore(options: JoinOptions): Promise<Membership | undefined> {
  const membership = await read(options.dataDir);
  if (membership === undefined) return undefined;
  const answer = await askToRenew(options.url, membership, RESTORE_LIMIT_MS).catch((error: unknown) => {
    // a refusal: NATS will say so, too, and until then there may be work to do from the disk
    if (error instanceof TowpathError) return undefined;
    throw error;
  });
  return answer === undefined ? membership : keep(options.dataDir, membership, answer, options.clock.now());
}

function askToRenew(url: string, { renewalToken }: Membership, limitMs?: number): Promise<unknown> {
  return ask(`${url}/renew`, { authorization: `Bearer ${renewalToken}` }, {}, undefined, limitMs);
}

async function keep(
  dataDir: string,
  old: Membership,
  answer: unknown,
  obtainedAt: number,
): Promise<Membership> {
  const membership = { ...old, ...renewAnswerSchema.parse(answer), obtainedAt };
  await save(dataDir, FILE, JSON.stringify(membership));
  return membership;
}

async function read(dataDir: string): Promise<Membership | undefined> {
  const text = await readIfThere(joinPath(dataDir, FILE));
  return text === undefined ? undefined : membershipSchema.parse(JSON.parse(text));
}

async function join(options: JoinOptions): Promise<Membership> {
  const token = (await readFile(options.tokenFile, 'utf8')).trim();
  const nonce = await nonceOf(options.dataDir);
  const { publicKey, cluster } = options;
  const body = { token, nonce, ...(publicKey ? { publicKey } : {}), ...(cluster ? { cluster } : {}) };
  const answer = await askUntilAnswered(`${options.url}/join`, {}, body, options.signal);
  const membership = { ...joinAnswerSchema.parse(answer), obtainedAt: options.clock.now() };
  crashPoint('member.admitted');
  await save(options.dataDir, FILE, JSON.stringify(membership));
  await rm(joinPath(options.dataDir, NONCE_FILE), { force: true });
  return membership;
}

/** Made once and kept until this process is a member: an answer that was lost is asked for again with it. */
async function nonceOf(dataDir: string): Promise<string> {
  const known = await readIfThere(joinPath(dataDir, NONCE_FILE));
  if (known !== undefined) return known;
  const nonce = randomBytes(32).toString('hex');
  await save(dataDir, NONCE_FILE, nonce);
  return nonce;
}

async function readIfThere(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

async function askUntilAnswered(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  for (;;) {
    const answer = await ask(url, headers, body, signal);
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (0.5 + Math.random())));
  }
}

/** `undefined` when identity is away or in trouble (worth another try); throws when it refuses. */
async function ask(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  signal?: AbortSignal,
  limitMs = ANSWER_LIMIT_MS,
): Promise<unknown> {
  signal?.throwIfAborted();
  const limit = AbortSignal.timeout(limitMs);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    if (error instanceof TypeError || limit.aborted) return undefined;
    throw error;
  });
  if (response === undefined || response.status >= 500) return undefined;
  if (response.ok) return response.json();
  throw await refusal(response);
}

const problemSchema = z.object({ detail: z.string() });

/** Identity's own sentence, where the answer is one of identity's. */
async function refusal(response: Response): Promise<TowpathError> {
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined));
  const why = problem.success ? ` ${problem.data.detail}` : '';
  const message = `Identity refused to let this process in (${response.status}).${why}`;
  return new TowpathError('UNAUTHENTICATED', message, {
    nextStep: 'Make a new join token and start again with an empty data folder.',
  });
}

async function save(dataDir: string, name: string, text: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const temporary = joinPath(dataDir, `${name}.new`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, joinPath(dataDir, name));
}

export interface RenewalOptions {
  url: string;
  dataDir: string;
  clock: Clock;
  logger: Logger;
  /** How often to look whether half of the life has passed. Default 30 s. */
  checkMs?: number;
  /** NATS as this process reaches it; absent: where the hub says it is. */
  natsUrl?: string;
  onRenewed?: (membership: Membership) => void;
}

/**
 * Renews the credentials once half of their life has passed, and keeps the newest ones on disk. `creds` is meant for
 * `Bus.connect`: it gives the newest at every reconnection. An identity that is away costs nothing until they end.
 */
export class Renewal {
  #current: Membership;
  readonly #loop: Loop;
  readonly creds = (): string => this.#current.creds;

  constructor(
    membership: Membership,
    private readonly options: RenewalOptions,
  ) {
    this.#current = membership;
    this.#loop = new Loop('credentials', options.checkMs ?? 30_000, () => this.renewIfDue(), options.logger);
  }

  get current(): Membership {
    return this.#current;
  }

  get natsUrl(): string {
    return this.options.natsUrl ?? this.#current.natsUrl;
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  async renewIfDue(): Promise<void> {
    const { obtainedAt, expiresAt } = this.#current;
    const now = this.options.clock.now();
    if (now < obtainedAt + (expiresAt - obtainedAt) / 2) return;
    const answer = await askToRenew(this.options.url, this.#current);
    if (answer === undefined)
      throw new TowpathError('UNAVAILABLE', 'Identity does not answer; credentials are not renewed.');
    this.#current = await keep(this.options.dataDir, this.#current, answer, now);
    this.options.onRenewed?.(this.#current);
  }
}
