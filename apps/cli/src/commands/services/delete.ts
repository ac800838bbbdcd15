import { defineCommand } from '../../command.js';
import type { OperationView } from '../../client/wire.types.js';
import { followOperation, howToFollow } from '../../follow.js';
import { confirmed } from '../../prompt.js';

/** `tow services delete` */
export const servicesDelete = defineCommand<[string], { async?: boolean; yes?: boolean }>({
  calls: [
    'DELETE /v1/projects/{project}/services/{service}',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--yes', 'do not ask')
      .option('--async', 'do not wait for the operation');
  },
  async run(tow, [name], { async, yes }) {
    const address = await tow.servicePath(name);
    if (yes !== true && !(await confirmed(tow, `Delete service ${name} with all its revisions?`))) {
      tow.out.talk('Nothing was deleted.');
      return 1;
    }
    const operation = await (await tow.client()).delete<OperationView>(address);
    if (async === true) {
      tow.out.line(operation, operation.id);
      tow.out.talk(`Follow it with: ${howToFollow(operation.id)}`);
      return undefined;
    }
    const ended = await followOperation(tow, operation);
    if (tow.out.json) tow.out.value(ended);
    tow.out.talk(`Deleted service ${name}.`);
    return undefined;
  },
});
