import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';

interface Flags {
  reason?: string;
  end?: string;
  newIdentity?: boolean;
  revision?: string;
  because?: string;
}

/** `tow quarantine release ORGANIZATION NUMBER... | --reason R` (platform operator): billing looks at them again. */
export const quarantineRelease = defineCommand<[string, string[]], Flags>({
  calls: ['POST /v1/organizations/{organization}/quarantine/release'],
  declare(command) {
    command
      .argument('<organization>', 'id of the organization that the records name')
      .argument('[number...]', 'the records (tow quarantine list)')
      .option('--reason <reason>', 'instead of numbers: all of this reason, e.g. unknown_service')
      .option('--end <time>', 'when the one record ended, in place of what it says (RFC 3339)')
      .option('--new-identity', 'the one record is another than the one that has its identity')
      .option('--revision <revision>', 'name or id of the revision that the one record used, of its service')
      .option('--because <why>', 'why it is corrected; with --end, --new-identity and --revision');
  },
  async run(tow, [organization, texts], { reason, ...correction }) {
    const numbers = texts.length === 0 ? undefined : texts.map(wholeNumber('number'));
    const address = path`/v1/organizations/${organization}/quarantine/release`;
    const answer = await (
      await tow.client()
    ).post<{ released: number }>(address, {
      ...{ reason, numbers },
      ...correction,
    });
    tow.out.talk(`Billing looks at ${answer.released} records again; what comes of it: tow quarantine list`);
    if (tow.out.json) tow.out.value(answer);
    return undefined;
  },
});
