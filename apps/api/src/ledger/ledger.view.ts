import { LEDGER_ACCOUNTS } from '#libs/domain';
import { z } from 'zod';

const posting = z
  .object({
    account: z.string().describe(`One of: ${LEDGER_ACCOUNTS.join(', ')}.`),
    amount: z.string().describe('An exact decimal, or a fraction where none ends.'),
    currency: z.string(),
  })
  .meta({ id: 'LedgerPosting' });

export const ledgerDayView = z
  .object({
    day: z.string().describe('UTC.'),
    seals: z.int().describe('Number of its last seal.'),
    head: z.string().describe('Hash of that seal.'),
    hash: z.string().describe('Over all of this and the day before.'),
    kid: z.string(),
    signature: z.string().describe('Ed25519 over the hash, base64url.'),
  })
  .meta({
    id: 'LedgerDay',
    description: 'The signed end of a day. Keep it: no export that lacks anything of before agrees with it.',
  });

export const ledgerView = z
  .object({
    accounts: z
      .array(posting)
      .describe('`balance` is what the organization owes; those of one currency sum to zero.'),
    head: z.string().optional().describe('The hash of the last seal.'),
    seals: z.int().optional(),
    day: ledgerDayView.optional().describe('The last day that is over.'),
    keys: z.array(z.string()).describe('Ids of the keys that seals are signed with: their JWK thumbprints.'),
  })
  .meta({ id: 'Ledger', description: 'What an organization owes, in double entries.' });

export const entryView = z
  .object({
    id: z.string(),
    kind: z.string().describe('usage, correction, invoice, credit_note, credit, payment or adjustment.'),
    currency: z.string(),
    window: z.string().optional().describe('Of usage and corrections: the hour they are about.'),
    reference: z.string().optional(),
    actor: z.string(),
    note: z.string().optional(),
    seal: z.int().optional().describe('The seal that covers it.'),
    createdAt: z.string(),
    postings: z.array(posting),
  })
  .meta({ id: 'LedgerEntry', description: 'One thing that happened to what an organization owes.' });

export const sealView = z
  .object({
    number: z.int(),
    kind: z.string().describe('window, correction or entries.'),
    window: z.string().optional(),
    position: z.string().describe('Up to where usage was taken in.'),
    lines: z.int(),
    entries: z.int(),
    root: z.string().describe('Merkle root over the lines and then the entries, SHA-256.'),
    hash: z.string(),
    sealedAt: z.string(),
  })
  .meta({ id: 'LedgerSeal', description: 'A signed hash over lines and entries and over the seal before.' });
