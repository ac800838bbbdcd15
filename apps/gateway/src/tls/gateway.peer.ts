import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PEER_FILES, PeerCertificate } from '#libs/bus';
import type { Clock, Id } from '#libs/domain';
import type { Logger } from '#libs/process';

interface Parts {
  id: Id<'gw'>;
  dataDir: string;
  /** Identity's address. */
  url: string;
  renewalToken: () => string;
  clock: Clock;
  logger: Logger;
}

/** Where Envoy finds what this gateway shows to the doors of clusters, and whom it believes there. */
export const peerFolder = (dataDir: string): string => path.resolve(dataDir, 'peer');

/** Keeps this gateway's certificate for doors where its Envoy reads it; a new one needs no push. */
export function gatewayPeer({ id, dataDir, ...parts }: Parts): PeerCertificate {
  const folder = peerFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string): { filename: string } => ({ filename: path.join(folder, name) });
  const certificate = { certificate_chain: file(PEER_FILES.chain), private_key: file(PEER_FILES.key) };
  write(folder, 'certificate', { tls_certificate: certificate });
  write(folder, 'trust', { validation_context: { trusted_ca: file(PEER_FILES.trust) } });
  return new PeerCertificate({ ...parts, id, side: 'gateway', folder, onChange: () => undefined });
}

function write(folder: string, name: string, secret: Record<string, unknown>): void {
  const type = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
  const resources = [{ '@type': type, name, ...secret }];
  writeFileSync(path.join(folder, `${name}.json`), JSON.stringify({ resources }), { mode: 0o600 });
}
