import { resolve } from 'node:path';
import { Argument } from 'commander';
import { defineCommand } from '../../command.js';
import { accountFields } from '../../ledger/account.fields.js';
import { verifyLedgerFile } from '../../ledger/ledger.file.js';

/** `tow admin ledger verify FILE`: whether an export of a ledger is whole, without any server. */
export const adminLedger = defineCommand<[string, string], { kept?: string }>({
  calls: [],
  declare(command) {
    command
      .addArgument(new Argument('<what>', 'what to do').choices(['verify']))
      .argument('<file>', 'an export of a ledger (tow ledger export)')
      .option(
        '--kept <hash>',
        'of a head or a last day that you kept: refuse a file that neither holds it nor goes on from it',
      )
      .addHelpText(
        'after',
        '\nNames the first line that is not right. Compare the key, the head and the last day with what your\ninstallation says (tow ledger show).',
      );
  },
  async run(tow, [, file], { kept }) {
    const report = await verifyLedgerFile(resolve(tow.io.cwd, file), tow.io.signal, kept);
    tow.out.thing(report, {
      Ledger: 'right and whole',
      Organization: report.organizationId,
      Seals: String(report.seals),
      Lines: String(report.lines),
      Entries: String(report.entries),
      Head: report.head,
      Days: String(report.days),
      'Last day': report.lastDay && `${report.lastDay.day}, ${report.lastDay.hash}`,
      'Signed by': report.kids.join(', '),
      ...accountFields(report.accounts),
    });
    return undefined;
  },
});
