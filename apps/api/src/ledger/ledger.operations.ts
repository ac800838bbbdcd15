import { z } from 'zod';
import { defineDownload, defineQuery } from '../call/definition.js';
import { definePage } from '../call/page.js';
import { ledgerExport } from './ledger.export.js';
import { listEntries, listSeals, readLedger } from './ledger.queries.js';
import { entryView, ledgerView, sealView } from './ledger.view.js';

export const ledgerOperations = [
  defineQuery({
    name: 'ledger.get',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/ledger', status: 200 },
    graphql: 'ledger',
    summary: 'What your organization owes by account, exactly, and where its chain of seals ends.',
    input: z.strictObject({}),
    output: ledgerView,
    handler: readLedger,
  }),
  definePage({
    name: 'ledger.entries',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/ledger/entries', status: 200 },
    graphql: 'ledgerEntries',
    summary: 'What happened to what your organization owes, newest first.',
    input: z.strictObject({}),
    item: entryView,
    key: 'id',
    handler: (call, _input, page) => listEntries(call, page),
  }),
  definePage({
    name: 'ledger.seals',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/ledger/seals', status: 200 },
    graphql: 'ledgerSeals',
    summary:
      'Closed hours of usage, their corrections, and other entries, each under a signed seal; oldest first.',
    input: z.strictObject({}),
    item: sealView,
    key: 'number',
    handler: (call, _input, page) => listSeals(call, page),
  }),
  defineDownload({
    name: 'ledger.export',
    permission: 'bill.read',
    rest: { method: 'GET', path: '/v1/ledger/export', status: 200 },
    media: 'application/x-ndjson',
    summary: 'The whole ledger, line by line, so that anybody can check it without this installation.',
    input: z.strictObject({
      after: z.int().min(0).default(0).describe('Only what comes after the seal of that number.'),
    }),
    download: (call, { after }) =>
      Promise.resolve({
        name: `ledger-${call.actor.organizationId}.ndjson`,
        body: ledgerExport((work) => call.read(work), after),
      }),
  }),
];
