import { certificateRequest, requestCertificate } from '#libs/bus';
import type { ProcessParts } from '#libs/process';
import type { GatewayConfig } from '../config.js';
import type { RouteTable } from '../routes/route.table.js';
import type { CertificateSource } from '../xds/secret.stream.js';
import { readCertificate } from './certificate.js';
import { CertificateFiles } from './certificate.files.js';
import { IssuedCertificates } from './issued.certificates.js';
import { OperatorCertificate } from './operator.certificate.js';

/** Where this gateway's certificates come from. */
export interface Certificates {
  find: CertificateSource;
  start(): void;
  /** Routes of these hosts came or went. */
  wake(hosts: readonly string[]): void;
  stop(): Promise<void>;
}

interface Parts extends ProcessParts {
  table: RouteTable;
  /** Proves to identity which gateway asks. */
  renewalToken: () => string;
  changed: () => void;
}

/** A gateway without an HTTPS listener needs no certificate. */
const NONE: Certificates = {
  find: () => undefined,
  start: () => undefined,
  wake: () => undefined,
  stop: () => Promise.resolve(),
};

/** The operator's files where there are any, otherwise the installation's authority. */
export function certificatesOf(config: GatewayConfig, parts: Parts): Certificates {
  const { TOWPATH_TLS_CERTIFICATE_FILE: chain, TOWPATH_TLS_KEY_FILE: key } = config;
  const { table } = parts;
  if (config.TOWPATH_GATEWAY_TLS_PORT === undefined) return NONE;
  if (chain !== undefined && key !== undefined)
    return new OperatorCertificate({ ...parts, files: { chain, key } });
  return new IssuedCertificates({
    ...parts,
    domain: config.TOWPATH_DOMAIN,
    hosts: () => table.hosts(),
    isHost: (name) => table.has(name),
    isKnown: (host) => table.knows(host),
    files: new CertificateFiles(config.TOWPATH_DATA_DIR),
    issue: async (name) => {
      const { request, key: made } = await certificateRequest(name);
      return readCertificate(
        await requestCertificate(config.TOWPATH_JOIN_URL, parts.renewalToken(), request),
        made,
      );
    },
  });
}
