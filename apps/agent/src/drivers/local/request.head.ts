import { NOT_REACHED } from './refusal.js';

/**
 * What the ingress takes from a request's raw header lines in one pass: the host to route by, whether a body follows,
 * and the lines to hand on. Fields about one connection (RFC 9110 section 7.6.1) end here.
 */
export class RequestHead {
  host: string | undefined;
  hasBody = false;
  readonly lines: string[] = [];

  /** @param upgrade keeps `Connection` and `Upgrade`, for a request that changes the protocol. */
  constructor(raw: readonly string[], upgrade = false) {
    const named = upgrade ? undefined : namedByConnection(raw);
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const name = raw[i] as string;
      const value = raw[i + 1] as string;
      if (this.notes(name, value, upgrade)) continue;
      if (named?.has(name.toLowerCase())) continue;
      this.lines.push(name, value);
    }
  }

  /** Looks at one line; true when it is not handed on. The length decides first, since it is cheap. */
  private notes(name: string, value: string, upgrade: boolean): boolean {
    switch (name.length) {
      case 4:
        if (equal(name, 'host')) this.host ??= value;
        return false;
      case 14:
        if (equal(name, 'content-length')) this.hasBody ||= value !== '0';
        return false;
      case 17:
        if (equal(name, 'transfer-encoding')) this.hasBody = true;
        return false;
      case 6:
        return equal(name, 'expect');
      case 10:
        return equal(name, 'keep-alive') || (!upgrade && equal(name, 'connection'));
      case 7:
        return !upgrade && equal(name, 'upgrade');
      case 16:
        return equal(name, 'proxy-connection');
      default:
        return false;
    }
  }
}

/** The lines of an instance's answer that are handed on. The server frames the body anew. */
export function responseLines(raw: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!endsHere(name)) lines.push(name, raw[i + 1] as string);
  }
  return lines;
}

function endsHere(name: string): boolean {
  switch (name.length) {
    case 10:
      return equal(name, 'connection') || equal(name, 'keep-alive');
    case 17:
      return equal(name, 'transfer-encoding');
    case 7:
      return equal(name, 'upgrade');
    case 16:
      return equal(name, 'proxy-connection');
    case NOT_REACHED.length:
      return equal(name, NOT_REACHED);
    default:
      return false;
  }
}

/** Fields that `Connection` names, beyond `keep-alive` and `close`. */
function namedByConnection(raw: readonly string[]): Set<string> | undefined {
  let named: Set<string> | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (name.length !== 10 || !equal(name, 'connection')) continue;
    for (const token of (raw[i + 1] as string).toLowerCase().split(',')) {
      const field = token.trim();
      if (field === 'keep-alive' || field === 'close' || field === '') continue;
      named ??= new Set();
      named.add(field);
    }
  }
  return named;
}

function equal(name: string, lower: string): boolean {
  return name === lower || name.toLowerCase() === lower;
}
