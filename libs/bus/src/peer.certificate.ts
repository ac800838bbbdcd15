import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { peerName, type Clock, type Id, type PeerSide } from '#libs/domain';
import { Loop, type Logger } from '#libs/process';
import { requestPeerCertificate } from './certificate.js';
import { certificateRequest } from './certificate.request.js';

/** What a member shows its peers and what it believes; PEM each. */
export interface PeerIdentity {
  chain: string;
  key: string;
  /** The root that vouches for the other side. */
  trust: string;
}

const LOOK_MS = 60_000;
/** The files of a folder in which a member keeps what it shows its peers. */
export const PEER_FILES = { chain: 'peer.crt', key: 'peer.key', trust: 'trust.crt' } as const;

interface Parts {
  id: Id<'gw'> | Id<'cls'>;
  side: PeerSide;
  /** Where the three files are kept, readable by the owner only. */
  folder: string;
  /** Identity's address. */
  url: string;
  renewalToken: () => string;
  /** Called with every new certificate; the first comes when there was none on disk. */
  onChange: (identity: PeerIdentity) => void;
  clock: Clock;
  logger: Logger;
}

/** The certificate by which a gateway and the door of a cluster know each other: asked for, kept, renewed at half-life. */
export class PeerCertificate {
  private readonly loop: Loop;
  private identity: PeerIdentity | undefined;

  constructor(private readonly parts: Parts) {
    this.identity = this.read();
    this.loop = new Loop('peer certificate', LOOK_MS, async () => void (await this.renewDue()), parts.logger);
  }

  /** The identity kept on disk, before identity answers; undefined when there is none or it has ended. */
  get current(): PeerIdentity | undefined {
    return this.identity;
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** @throws TowpathError UNAVAILABLE while identity does not answer */
  async renewDue(): Promise<PeerIdentity> {
    if (this.identity !== undefined && !this.isDue(this.identity)) return this.identity;
    const { url, renewalToken, id, side, onChange } = this.parts;
    const { request, key } = await certificateRequest(peerName(id, side));
    const { chain, trust } = await requestPeerCertificate(url, renewalToken(), { request, side });
    this.identity = { chain, key, trust };
    this.write(this.identity);
    onChange(this.identity);
    return this.identity;
  }

  private isDue({ chain }: PeerIdentity): boolean {
    const { validFromDate, validToDate } = new X509Certificate(chain);
    const half = (validFromDate.getTime() + validToDate.getTime()) / 2;
    return this.parts.clock.now() >= half;
  }

  private read(): PeerIdentity | undefined {
    const read = (name: string): string => readFileSync(path.join(this.parts.folder, name), 'utf8');
    if (!Object.values(PEER_FILES).every((name) => existsSync(path.join(this.parts.folder, name))))
      return undefined;
    const kept = { chain: read(PEER_FILES.chain), key: read(PEER_FILES.key), trust: read(PEER_FILES.trust) };
    return new X509Certificate(kept.chain).validToDate.getTime() > this.parts.clock.now() ? kept : undefined;
  }

  /** The key before the chain, each whole: a reader in between sees a pair that fits or none. */
  private write(identity: PeerIdentity): void {
    mkdirSync(this.parts.folder, { recursive: true, mode: 0o700 });
    for (const part of ['trust', 'key', 'chain'] as const) {
      const file = path.join(this.parts.folder, PEER_FILES[part]);
      writeFileSync(`${file}.new`, identity[part], { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
  }
}
