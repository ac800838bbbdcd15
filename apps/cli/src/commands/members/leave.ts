import { defineCommand } from '../../command.js';
import type { MemberView } from '../../client/wire.types.js';

/** `tow members leave`: ends your own membership. */
export const membersLeave = defineCommand<[], object>({
  calls: ['POST /v1/members/leave'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const left = await (await tow.client()).post<MemberView>('/v1/members/leave', {});
    tow.out.talk('You left. Act elsewhere with: tow orgs switch, or tow logout');
    if (tow.out.json) tow.out.value(left);
    return undefined;
  },
});
