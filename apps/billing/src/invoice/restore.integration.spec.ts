import path from 'node:path';
import { dumpDatabase, restoreDatabase } from '#libs/store';
import { temporaryFolder, type TemporaryFolder, type UsedRevision } from '#libs/testing';
import { DECEMBER, InvoiceRig, OCTOBER } from '../rig/invoice.rig.js';

const MONTH = '2026-10';

let rig: InvoiceRig;
let folder: TemporaryFolder;
beforeEach(async () => {
  [rig, folder] = [await InvoiceRig.start(9), temporaryFolder()];
  rig.clock.set(DECEMBER);
});
afterEach(() => {
  folder.remove();
  return rig.stop();
});

/** Owes something of October; gives what it used. */
async function payer(): Promise<[UsedRevision, Awaited<ReturnType<InvoiceRig['take']>>]> {
  const of = await rig.payer('0');
  const records = await rig.take(of, OCTOBER, 3);
  await rig.fold(records);
  await rig.settle(of);
  return [of, records];
}
const numbers = async (): Promise<string[]> => {
  const rows = await rig.database.query<{ number: string }>('SELECT number FROM invoices ORDER BY number');
  return rows.map(({ number }) => number.replace(/^\D+-/, ''));
};

it('numbers of invoices have no gap and none is given twice, across a restore', async () => {
  const [[first], [second, used], [third]] = [await payer(), await payer(), await payer()];
  await rig.close(first, MONTH);
  const copy = await dumpDatabase(rig.database.ownerUrl, folder.path);
  const lost = [await rig.close(second, MONTH), await rig.close(third, MONTH)];
  const [series] = (await numbers()).map((number) => Number(number.split('-')[0]));
  expect(await numbers()).toEqual([1, 2, 3].map((n) => `${series}-00000${n}`));

  const { ownerUrl } = rig.database;
  const migrations = path.resolve('prisma/migrations');
  await restoreDatabase({ ownerUrl, directory: folder.path, dump: copy, migrations });
  await rig.again();
  expect(await numbers()).toEqual([`${series}-000001`]);
  // what the stream has is delivered again, and changes nothing where it is there
  expect(await rig.takeAgain(second, used)).toMatchObject({ stored: 0, repeated: used.length });
  const made = [await rig.close(second, MONTH), await rig.close(third, MONTH), await rig.close(first, MONTH)];

  const all = await numbers();
  expect(all.filter((number) => number.startsWith(`${series}-`))).toEqual([`${series}-000001`]);
  const next = all.filter((number) => !number.startsWith(`${series}-`));
  const [newSeries = ''] = next.map((number) => number.split('-')[0]);
  expect(next).toEqual([1, 2].map((n) => `${newSeries}-00000${n}`));
  expect(Number(newSeries)).toBeGreaterThan(series as number);
  // what was sent out and is lost asked for the same, by a number that nobody else has
  expect(made[2]).toBeUndefined();
  for (const [i, invoice] of lost.entries()) {
    expect(all).not.toContain(invoice?.number.replace(/^\D+-/, ''));
    expect(made[i]).toMatchObject({ lines: invoice?.lines, payable: invoice?.payable });
  }
});
