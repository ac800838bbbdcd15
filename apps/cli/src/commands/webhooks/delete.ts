import { path } from '../../client/path.js';
import { defineCommand } from '../../command.js';

/** `tow webhooks delete ID`: what waits to be sent is dropped. */
export const webhooksDelete = defineCommand<[string], object>({
  calls: ['DELETE /v1/webhooks/{webhook}'],
  declare(command) {
    command.argument('<id>', 'the webhook');
  },
  async run(tow, [id]) {
    await (await tow.client()).delete<unknown>(path`/v1/webhooks/${id}`);
    tow.out.talk(`Deleted ${id}.`);
    if (tow.out.json) tow.out.value({ deleted: id });
    return undefined;
  },
});
