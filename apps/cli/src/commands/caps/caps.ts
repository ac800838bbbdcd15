import type { CapView } from '../../client/cap.types.js';
import { defineCommand } from '../../command.js';
import type { Tow } from '../../tow.js';

/** `tow caps set AMOUNT` */
export const capsSet = defineCommand<[string], object>({
  calls: ['PUT /v1/cap'],
  declare(command) {
    command.argument('<amount>', 'for each month (UTC), in the currency of your bill, before taxes');
  },
  async run(tow, [amount]) {
    const cap = await (await tow.client()).put<CapView>('/v1/cap', { amount });
    tow.out.talk('Requests to your services are refused with 402 before more can be spent in a month.');
    show(tow, cap);
    return undefined;
  },
});

/** `tow caps describe` */
export const capsDescribe = defineCommand<[], object>({
  calls: ['GET /v1/cap'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    show(tow, await (await tow.client()).get<CapView>('/v1/cap'));
    return undefined;
  },
});

/** `tow caps delete` */
export const capsDelete = defineCommand<[], object>({
  calls: ['DELETE /v1/cap'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const cap = await (await tow.client()).delete<CapView>('/v1/cap');
    tow.out.talk(`Your organization has no cap any more; it was ${cap.amount} ${cap.currency}.`);
    if (tow.out.json) tow.out.value(cap);
    return undefined;
  },
});

function show(tow: Tow, cap: CapView): void {
  tow.out.thing(cap, {
    Cap: `${cap.amount} ${cap.currency}`,
    Month: cap.month,
    Spent: cap.spent,
    Reserved: cap.reserved,
    'Not billed':
      cap.unpaidInstanceSeconds === '0' ? undefined : `${cap.unpaidInstanceSeconds} s of instances`,
    Reached: cap.reached ? 'yes' : 'no',
    Resets: cap.resetsAt,
  });
}
