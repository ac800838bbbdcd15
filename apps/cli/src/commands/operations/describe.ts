import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { OperationView } from '../../client/wire.types.js';
import { fieldsOf, tableOf } from '../../output/table.js';
import { spanOf } from '../../output/time.js';

/** `tow operations describe ID` */
export const operationsDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/operations/{operation}'],
  declare(command) {
    command.argument('<id>', 'the operation');
  },
  async run(tow, [id]) {
    const operation = await (await tow.client()).get<OperationView>(path`/v1/operations/${id}`);
    if (tow.out.json) {
      tow.out.value(operation);
      return undefined;
    }
    const { error } = operation;
    tow.out.lines([
      ...fieldsOf({
        Operation: operation.id,
        Kind: operation.kind,
        Service: `${operation.project.handle}/${operation.service.name}`,
        Status: operation.status,
        Created: operation.createdAt,
        Finished: operation.finishedAt,
        Error: error === undefined ? undefined : `${error.message} (${error.code})`,
        Next: error?.nextStep,
      }),
      ...(error?.violations ?? []).map(({ field, message }) => `  ${field}: ${message}`),
      '',
      ...tableOf(operation.steps, {
        STEP: (step) => step.name,
        STATUS: (step) => step.status,
        TOOK: (step) => spanOf(step.startedAt, step.finishedAt),
        MESSAGE: (step) => step.message,
      }),
    ]);
    return undefined;
  },
});
