import { resolve } from 'node:path';
import { BUILTIN_PLANS, type PriceSchedule, type RatedCharge, type RatedMonth } from '#libs/domain';
import { defineCommand } from '../../command.js';
import { usageError } from '../../exit.js';
import { readPlanFile } from '../../rate/plan.file.js';
import { rateFile, type RateAnswer } from '../../rate/rate.file.js';

interface Options {
  plan: string;
  usage: string;
  from?: string;
  to?: string;
}

/** `tow admin rate`: what the usage in a file costs by a price plan, without any server. */
export const adminRate = defineCommand<[], Options>({
  calls: [],
  declare(command) {
    command
      .requiredOption(
        '--plan <file>',
        'price plan, YAML or JSON, with one or several versions; or one that is built in: builtin, memory-ticks',
      )
      .requiredOption('--usage <file>', 'usage, one JSON object a line')
      .option('--from <instant>', 'only what opens from then on (UTC), e.g. 2026-11-01')
      .option('--to <instant>', 'only what opens before then (UTC)')
      .addHelpText('after', '\nBoth forms are described in docs/prices, with an example of each kind.');
  },
  async run(tow, _args, { plan, usage, from, to }) {
    const at = (file: string): string => resolve(tow.io.cwd, file);
    const [fromMs, toMs] = [instantOf('--from', from), instantOf('--to', to)];
    if (fromMs !== undefined && toMs !== undefined && fromMs >= toMs)
      throw usageError('--to must be after --from.');
    const schedule = builtIn(plan) ?? (await readPlanFile(at(plan)));
    const question = { schedule, usagePath: at(usage), fromMs, toMs, signal: tow.io.signal };
    const answer = await tow.progress.waiting('Rating the usage', () => rateFile(question));
    if (tow.out.json) tow.out.value(shown(schedule, answer));
    else {
      tow.out.list<Row>(answer.months.flatMap(rowsOf), COLUMNS, 'Nothing in this file costs anything.');
      tow.out.talk(words(answer));
    }
    return undefined;
  },
});

function builtIn(name: string): PriceSchedule | undefined {
  const plan = BUILTIN_PLANS.find(({ id }) => id === name);
  return plan && [plan];
}

interface Row extends Partial<RatedCharge> {
  organization: string;
  month: string;
  due: string;
}

const COLUMNS = {
  ORGANIZATION: (row: Row) => row.organization,
  MONTH: (row: Row) => row.month,
  ITEM: (row: Row) => row.item ?? 'total',
  QUANTITY: (row: Row) => row.quantity ?? '',
  UNIT: (row: Row) => row.unit ?? '',
  LIST: (row: Row) => row.list ?? '',
  EXACTLY: (row: Row) => row.amount ?? '',
  DUE: (row: Row) => row.due,
};

function rowsOf({ organizationId: organization, month, currency, charges, due, total }: RatedMonth): Row[] {
  return [
    ...charges.map((charge) => ({ ...charge, organization, month, due: charge.rounded })),
    { organization, month, amount: total, due: `${due} ${currency}` },
  ];
}

function shown(schedule: PriceSchedule, { counts, lines, months }: RateAnswer): unknown {
  const plans = schedule.map(({ id, version, effectiveFromMs }) => {
    return { id, version, effectiveFrom: new Date(effectiveFromMs).toISOString() };
  });
  return { plans, usage: counts, lines, months };
}

function words({ counts: { records, duplicates, notBillable, coldStarts } }: RateAnswer): string {
  const cold = coldStarts === 0 ? '' : ` ${coldStarts} without a cold start.`;
  return `${records} records, ${duplicates} of them repeated, ${notBillable} not billable.${cold}`;
}

function instantOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/;
  const ms = form.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10))) return ms;
  throw usageError(`${flag} must be a day or an instant in UTC, like 2026-11-01 or 2026-11-01T06:00:00Z.`);
}
