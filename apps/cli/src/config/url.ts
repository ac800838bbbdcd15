import { usageError } from '../exit.js';

/**
 * The normal form of an API's address, so that one API has one spelling: scheme and host in lower case, no default
 * port, no trailing slash, no `/v1`. Without a scheme it is http for this machine and https for all others.
 * @throws CliError (usage) when it is no http(s) address
 */
export function normalUrl(text: string): string {
  const trimmed = text.trim();
  const url = parse(
    /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `${schemeFor(trimmed)}://${trimmed}`,
  );
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw usageError(`"${trimmed}" is not the address of an API.`, 'It looks like http://127.0.0.1:8080');
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError(
      'The address of an API holds no user and password.',
      'Give the key with --key-file or TOW_API_KEY.',
    );
  }
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '').replace(/\/v1$/, '')}`;
}

/** Whether the host is this machine. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\./.test(host);
}

function schemeFor(address: string): string {
  const host = address.startsWith('[')
    ? address.slice(0, address.indexOf(']') + 1)
    : address.replace(/[:/].*$/, '');
  return isLoopback(host) ? 'http' : 'https';
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
