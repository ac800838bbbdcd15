import { LONG_MS } from '../../client/client.js';
import type { ReplayView } from '../../client/explain.types.js';
import { defineCommand } from '../../command.js';
import { fieldsOf } from '../../output/table.js';

type Line = ReplayView['lines'][number];

/** `tow bill replay`: a month counted again from its records. */
export const billReplay = defineCommand<[], { month?: string; plan?: string; model?: string }>({
  calls: ['GET /v1/bill/replay'],
  declare(command) {
    command
      .option('--month <month>', 'which month (UTC), e.g. 2026-11; default the current one')
      .option('--plan <plan>', 'by this price plan instead: what it would have cost')
      .option('--model <model>', 'concurrency or per_request instead');
  },
  async run(tow, _args, { month, plan, model }) {
    const client = await tow.client();
    const replay = await client.get<ReplayView>('/v1/bill/replay', { month, plan, model }, LONG_MS);
    if (tow.out.json) {
      tow.out.value(replay);
      return undefined;
    }
    const { currency, subtotal, gross, payable, equal, digest, live, invoice, windows } = replay;
    tow.out.list<Line>(replay.lines, columns, `Nothing was used in ${replay.month}.`);
    tow.out.lines([
      '',
      ...fieldsOf({
        Plan: `${replay.plan.id} version ${replay.plan.version}, ${replay.plan.model}`,
        'Minutes counted again': windows,
        Lines: `${subtotal} ${currency}`,
        'With taxes': `${gross} ${currency}`,
        'To be paid': `${payable} ${currency}`,
        Digest: digest,
        [invoice === undefined ? 'Of the bill now' : `Of invoice ${invoice}`]: equal ? 'the same' : live,
      }),
    ]);
    return undefined;
  },
});

const columns = {
  ITEM: (line: Line) => line.item,
  PLAN: (line: Line) => `${line.plan} ${line.version}`,
  QUANTITY: (line: Line) => line.quantity,
  UNIT: (line: Line) => line.unit,
  AMOUNT: (line: Line) => line.amount,
  CHARGED: (line: Line) => line.charged,
};
