import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';

/** `tow sessions end ID`: signs out elsewhere; here it is `tow logout`. */
export const sessionsEnd = defineCommand<[string], object>({
  calls: ['DELETE /v1/sessions/{session}'],
  declare(command) {
    command.argument('<id>', 'the session');
  },
  async run(tow, [id]) {
    await (await tow.client()).delete<unknown>(path`/v1/sessions/${id}`);
    tow.out.talk(`Ended ${id}; it stops within 5 s.`);
    if (tow.out.json) tow.out.value({ ended: id });
    return undefined;
  },
});
