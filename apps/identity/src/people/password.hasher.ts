import { argon2, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { normalPassword, type Random } from '#libs/domain';
import { BoundedQueue } from './bounded.queue.js';
import { formatPhc, parsePhc, type Phc } from './phc.js';

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane; about 60 ms of one core. */
const COSTS = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Those wait for some seconds at most; more would only time out. */
const MAY_WAIT = 64;

/**
 * argon2id in the thread pool, never on the event loop; as many at once as there are cores (each takes 19 MiB), a
 * bounded number waits.
 */
export class PasswordHasher {
  /** Belongs to nobody: what is compared with when there is no such person, so that both take the same time. */
  private readonly nobody: string;

  constructor(
    private readonly random: Random,
    private readonly onHash: () => void = () => undefined,
    private readonly queue = new BoundedQueue(availableParallelism(), MAY_WAIT),
  ) {
    const [salt, hash] = [Buffer.from(random(SALT_BYTES)), Buffer.from(random(HASH_BYTES))];
    this.nobody = formatPhc({ ...COSTS, salt, hash });
  }

  /** The PHC string to store. @throws TowpathError UNAVAILABLE when too many wait */
  async hash(password: string): Promise<string> {
    const salt = Buffer.from(this.random(SALT_BYTES));
    return formatPhc({ ...COSTS, salt, hash: await this.derive(password, { ...COSTS, salt }, HASH_BYTES) });
  }

  /** Whether it is the password; false, after the same work, when there is no stored hash. */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const phc = parsePhc(stored ?? this.nobody);
    const derived = await this.derive(password, phc, phc.hash.length);
    return timingSafeEqual(derived, phc.hash) && stored !== undefined;
  }

  /** Whether a stored hash was made with other costs than today's. */
  isOutdated(stored: string): boolean {
    const { memory, passes, parallelism } = parsePhc(stored);
    return memory !== COSTS.memory || passes !== COSTS.passes || parallelism !== COSTS.parallelism;
  }

  private derive(password: string, phc: Omit<Phc, 'hash'>, tagLength: number): Promise<Buffer> {
    const { memory, passes, parallelism, salt: nonce } = phc;
    const parameters = { message: normalPassword(password), nonce, memory, passes, parallelism, tagLength };
    return this.queue.run(() => {
      this.onHash();
      return new Promise((resolve, reject) => {
        argon2('argon2id', parameters, (error, key) => (error ? reject(error) : resolve(key)));
      });
    });
  }
}
