import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';

interface Flags {
  reason?: string;
  because: string;
}

/** `tow quarantine dismiss NUMBER... | --reason R` (platform operator): they are never billed. */
export const quarantineDismiss = defineCommand<[string[]], Flags>({
  calls: ['POST /v1/quarantine/dismiss'],
  declare(command) {
    command
      .argument('[number...]', 'the records (tow quarantine list)')
      .option('--reason <reason>', 'instead of numbers: all of this reason, e.g. malformed')
      .requiredOption('--because <why>', 'why they are not to be billed');
  },
  async run(tow, [texts], { reason, because }) {
    const numbers = texts.length === 0 ? undefined : texts.map(wholeNumber('number'));
    const body = { reason, numbers, because };
    const answer = await (await tow.client()).post<{ dismissed: number }>('/v1/quarantine/dismiss', body);
    tow.out.talk(`${answer.dismissed} records are never billed; they stay listed: tow quarantine list`);
    if (tow.out.json) tow.out.value(answer);
    return undefined;
  },
});
