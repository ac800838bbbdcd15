import type { SignedInView } from '../client/wire.types.js';
import type { StoredSession } from '../config/config.file.js';
import { changeConfig } from '../config/config.lock.js';
import type { Io } from '../io.js';

/** An access token is renewed so long before it ends. */
const EARLY_MS = 30_000;

/** Has a session refreshed. @throws CliError UNAUTHENTICATED when it is over */
export type Refresh = (refreshToken: string) => Promise<SignedInView>;

/**
 * The tokens of a context's session. They are renewed by one `tow` of many at once: whoever holds the config's lock; the
 * others find the new ones in the file.
 */
export class SessionTokens {
  private renewing: Promise<string> | undefined;

  constructor(
    private readonly io: Io,
    private readonly context: string,
    private session: StoredSession,
    private readonly refresh: Refresh,
  ) {}

  access(): Promise<string> {
    return this.isFresh(this.session) ? Promise.resolve(this.session.accessToken) : this.renew();
  }

  /** New tokens, also when the present ones look fresh. */
  renew(): Promise<string> {
    this.renewing ??= this.fromFileOrApi().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private fromFileOrApi(): Promise<string> {
    return changeConfig(this.io, async (config) => {
      const context = config.contexts[this.context];
      const stored = context?.session ?? this.session;
      if (stored.accessToken !== this.session.accessToken && this.isFresh(stored)) {
        this.session = stored;
        return { result: stored.accessToken };
      }
      this.session = storedSession(await this.refresh(stored.refreshToken));
      const result = this.session.accessToken;
      if (!context) return { result };
      const contexts = { ...config.contexts, [this.context]: { ...context, session: this.session } };
      return { config: { ...config, contexts }, result };
    });
  }

  private isFresh({ accessExpiresAt }: StoredSession): boolean {
    return Date.parse(accessExpiresAt) - this.io.clock.now() > EARLY_MS;
  }
}

/** What of a sign-in is kept on this machine. */
export function storedSession(signedIn: SignedInView): StoredSession {
  const { accessToken, accessExpiresAt, refreshToken, user, organization } = signedIn;
  const { id, name } = organization;
  return { accessToken, accessExpiresAt, refreshToken, email: user.email, organization: { id, name } };
}
