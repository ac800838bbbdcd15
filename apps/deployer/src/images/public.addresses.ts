import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isPublicAddress } from '#libs/domain';

/** Thrown for a host that is not on the public internet. */
export class PrivateAddress extends Error {}

/**
 * The addresses of a host, to be dialled as they are, so that a second answer of DNS changes nothing.
 * @throws PrivateAddress when one of them is not public; the resolver's error when there is none
 */
export async function publicAddresses(host: string): Promise<{ address: string; family: number }[]> {
  const bare = host.replace(/^\[|\]$/g, '');
  const family = isIP(bare);
  const found = family === 0 ? await lookup(bare, { all: true }) : [{ address: bare, family }];
  if (found.length === 0 || !found.every(({ address }) => isPublicAddress(address)))
    throw new PrivateAddress(`${host} is not on the public internet`);
  return found;
}
