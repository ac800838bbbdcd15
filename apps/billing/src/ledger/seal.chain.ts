import {
  dayHash,
  dayOfInstant,
  entryRow,
  lineRow,
  merkleRoot,
  sealHash,
  type LedgerEntry,
  type LedgerLine,
  type Seal,
  type SealKind,
} from '#libs/domain';
import { insertDay, insertSeal, lastDay, lastSeal, type LeasedTx } from '#libs/store';
import { sha256, type LedgerSigner } from './ledger.signer.js';

/** What goes under one seal. */
export interface Sealed {
  kind: SealKind;
  windowStartMs?: number;
  lines: readonly LedgerLine[];
  entries: readonly LedgerEntry[];
}

/** Where an organization's usage stood, and when. */
export interface SealedAt {
  position: number;
  streamSequence: number;
  nowMs: number;
}

/** Adds seals to the end of one organization's chain, within one transaction under its lease: nobody else does. */
export class SealChain {
  private constructor(
    private readonly tx: LeasedTx,
    private readonly organizationId: string,
    private readonly signer: LedgerSigner,
    private readonly at: SealedAt,
    private last: Pick<Seal, 'number' | 'sealedAt'> & { hash: string },
  ) {}

  static async open(
    tx: LeasedTx,
    organizationId: string,
    signer: LedgerSigner,
    at: SealedAt,
  ): Promise<SealChain> {
    const last = await lastSeal(tx, organizationId);
    return new SealChain(tx, organizationId, signer, at, last ?? { number: 0, hash: '', sealedAt: at.nowMs });
  }

  /** The number that the next seal gets. */
  get next(): number {
    return this.last.number + 1;
  }

  async seal({ kind, windowStartMs, lines, entries }: Sealed): Promise<void> {
    await this.endDay();
    const { organizationId, next: number } = this;
    const rows = [
      ...lines.map((line, i) => lineRow(number, i, line)),
      ...entries.map((entry, i) => entryRow(number, lines.length + i, entry)),
    ];
    const seal: Seal = {
      ...{ organizationId, number, kind },
      ...(windowStartMs === undefined ? {} : { windowStartMs }),
      ...{ position: this.at.position, streamSequence: this.at.streamSequence },
      ...{ lines: lines.length, entries: entries.length, root: merkleRoot(rows, sha256) },
      ...{ previous: this.last.hash, sealedAt: this.at.nowMs, kid: this.signer.kid },
    };
    const hash = sealHash(seal, sha256);
    const signed = { ...seal, hash, signature: this.signer.sign(hash) };
    await insertSeal(
      this.tx,
      signed,
      lines,
      entries.map(({ id }) => id),
    );
    this.last = { number, hash, sealedAt: seal.sealedAt };
  }

  /** Signs the day of the last seal once it is over: all seals since the day before are its. Again, it does nothing. */
  async endDay(): Promise<void> {
    const { tx, organizationId, signer } = this;
    const day = dayOfInstant(this.last.sealedAt);
    if (day >= dayOfInstant(this.at.nowMs)) return;
    const before = await lastDay(tx, organizationId);
    const first = (before?.last ?? 0) + 1;
    // a clock that went back: its seals are the next day's
    if (first > this.last.number || (before && before.day >= day)) return;
    const made = {
      ...{ organizationId, day, first, last: this.last.number, head: this.last.hash },
      ...{ previous: before?.hash ?? '', kid: signer.kid },
    };
    const hash = dayHash(made, sha256);
    await insertDay(tx, { ...made, hash, signature: signer.sign(hash) });
  }
}
