import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';

/** `tow budgets delete ID`: notices that were given stay. */
export const budgetsDelete = defineCommand<[string], object>({
  calls: ['DELETE /v1/budgets/{budget}'],
  declare(command) {
    command.argument('<id>', 'the budget');
  },
  async run(tow, [id]) {
    await (await tow.client()).delete<unknown>(path`/v1/budgets/${id}`);
    tow.out.talk(`Deleted ${id}.`);
    if (tow.out.json) tow.out.value({ deleted: id });
    return undefined;
  },
});
