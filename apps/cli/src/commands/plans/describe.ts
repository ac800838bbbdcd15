import type { PlanDocumentView } from '../../client/money.types.js';
import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';
import { wholeNumber } from '../../flags/quantity.js';

/** `tow plans describe PLAN` (platform operator): the plan as data, which is YAML too. */
export const plansDescribe = defineCommand<[string], { planVersion?: number }>({
  calls: ['GET /v1/price-plans/{plan}'],
  declare(command) {
    command
      .argument('<plan>', 'id of the plan')
      .option('--plan-version <n>', 'which version; default the one in force', wholeNumber('--plan-version'));
  },
  async run(tow, [plan], { planVersion }) {
    const client = await tow.client();
    const answer = await client.get<PlanDocumentView>(path`/v1/price-plans/${plan}`, {
      version: planVersion,
    });
    const { version, effectiveFrom, builtIn } = answer.version;
    tow.out.talk(`Version ${version}, from ${effectiveFrom}${builtIn ? ', built in' : ''}:`);
    tow.out.line(answer, JSON.stringify(answer.document, undefined, 2));
    return undefined;
  },
});
