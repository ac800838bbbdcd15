/**
 * The name a host's certificate is for. One wildcard covers every service of a domain, since hosts are one label below
 * it (design D9); clients refuse a wildcard directly below a top-level name (`*.localhost`), so there each host has a
 * certificate of its own.
 */
export function certificateName(host: string, domain: string): string {
  return isBelow(host, domain) && domain.includes('.') ? `*.${domain}` : host;
}

/** Why no certificate may be issued for that name; undefined when it may. */
export function certificateNameProblem(name: string, domain: string): string | undefined {
  if (!isBelow(name, domain)) return `must be one label below ${domain}`;
  if (name === `*.${domain}`)
    return domain.includes('.') ? undefined : 'is a wildcard that no client would accept';
  return LABEL.test(name.slice(0, -domain.length - 1)) ? undefined : 'is not a host name';
}

/** The names under which a host's certificate may be listed: its own, and the wildcard one label up (RFC 6125 6.4.3). */
export function coveringNames(host: string): string[] {
  const name = host.toLowerCase();
  const dot = name.indexOf('.');
  return dot < 1 ? [name] : [name, `*${name.slice(dot)}`];
}

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function isBelow(host: string, domain: string): boolean {
  return host.endsWith(`.${domain}`) && !host.slice(0, -domain.length - 1).includes('.');
}
