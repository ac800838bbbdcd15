import { resolve } from 'node:path';
import type { PlanDocumentView } from '../../client/money.types.js';
import { defineCommand } from '../../command.js';
import { readPlanDocuments } from '../../rate/plan.file.js';

/** `tow plans create FILE` (platform operator): every version in the file, once it is right as a whole. */
export const plansCreate = defineCommand<[string], object>({
  calls: ['POST /v1/price-plans'],
  declare(command) {
    command
      .argument('<file>', 'price plan, YAML or JSON, with one or several versions')
      .addHelpText('after', '\nA version never changes once it is stored. docs/prices describes the file.');
  },
  async run(tow, [file]) {
    const { documents, schedule } = await readPlanDocuments(resolve(tow.io.cwd, file));
    const client = await tow.client();
    const stored: PlanDocumentView[] = [];
    for (const { version } of schedule) {
      const document = documents.find((one) => (one as { version?: unknown }).version === version);
      stored.push(await client.post<PlanDocumentView>('/v1/price-plans', { document }));
    }
    const lines = stored.map(({ version: one }) => `${one.plan} ${one.version} from ${one.effectiveFrom}`);
    tow.out.line(stored, lines.join('\n'));
    return undefined;
  },
});
