import { REQUEST_HEADERS } from '#libs/domain';
import { NOT_REACHED } from './refusal.js';

/** Fields about one connection (RFC 9110 section 7.6.1); they end at each hop. */
const CONNECTION_FIELDS = ['connection', 'keep-alive', 'proxy-connection', 'upgrade'];

/**
 * What `Connection` cannot take away: options of its own, and by what a request is routed and delimited. Without its length
 * or coding a body would be read as the next request.
 */
const STAYS: ReadonlySet<string> = new Set([
  ...['', 'keep-alive', 'close'],
  ...['host', 'content-length', 'transfer-encoding'],
  ...Object.values<string>(REQUEST_HEADERS),
]);

const isNoted = byLength(['host', 'content-length', 'transfer-encoding', 'expect', ...CONNECTION_FIELDS]);
const endsInAnswer = byLength(['transfer-encoding', NOT_REACHED, ...CONNECTION_FIELDS]);

/** What the ingress takes from a request's raw header lines: the host to route by, whether a body follows, and the lines to hand on. */
export class RequestHead {
  host: string | undefined;
  private hosts = 0;
  hasBody = false;
  readonly lines: string[] = [];
  /** Fields that `Connection` names beyond the usual; they end here too. */
  private named: Set<string> | undefined;

  /** @param upgrade keeps `Connection` and `Upgrade`, for a request that changes the protocol */
  constructor(
    raw: readonly string[],
    private readonly upgrade = false,
  ) {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      const noted = isNoted(name);
      if (noted === undefined || this.note(noted, value)) this.lines.push(name, value);
    }
    if (this.named !== undefined) this.drop(this.named);
  }

  /** Looks at one line; true when it is handed on. */
  private note(name: string, value: string): boolean {
    switch (name) {
      case 'host':
        // Two Hosts name nobody: the instance might read the other one.
        this.host = this.hosts === 0 ? value : undefined;
        this.hosts += 1;
        return true;
      case 'content-length':
        this.hasBody ||= value !== '0';
        return true;
      case 'transfer-encoding':
        this.hasBody = true;
        return true;
      case 'connection':
        if (!this.upgrade) this.named = namedBy(value, this.named);
        return this.upgrade;
      case 'upgrade':
        return this.upgrade;
      default:
        return false;
    }
  }

  private drop(named: ReadonlySet<string>): void {
    const kept = this.lines.filter((_, i, all) => !named.has((all[i - (i % 2)] as string).toLowerCase()));
    this.lines.splice(0, this.lines.length, ...kept);
  }
}

/** The lines of an instance's answer that are handed on. The server frames the body anew. */
export function responseLines(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (endsInAnswer(name) === undefined) lines.push(name, raw[i + 1] as string);
  }
  return lines;
}

function namedBy(value: string, named: Set<string> | undefined): Set<string> | undefined {
  for (const token of value.toLowerCase().split(',')) {
    const field = token.trim();
    if (!STAYS.has(field)) named = (named ?? new Set()).add(field);
  }
  return named;
}

/** Finds a name in a list, in lower case. Most names differ from all in length alone, which costs next to nothing. */
function byLength(names: readonly string[]): (name: string) => string | undefined {
  const lists: string[][] = [];
  for (const name of names) (lists[name.length] ??= []).push(name);
  return (name) => {
    const list = lists[name.length];
    if (list === undefined) return undefined;
    const lower = name.toLowerCase();
    return list.includes(lower) ? lower : undefined;
  };
}
