import { defineCommand } from '../command.js';
import { declarePasswordFlag, passwordTexts, type PasswordFlags } from '../session/password.js';

/** `tow password`: a new password; every other session of yours ends. */
export const password = defineCommand<[], PasswordFlags>({
  calls: ['POST /v1/password'],
  declare(command) {
    declarePasswordFlag(command, 'two lines, the present and the new password,');
  },
  async run(tow, _args, flags) {
    const [current, next] = await passwordTexts(tow, flags);
    const body = { current, password: next };
    const changed = await (await tow.client()).postOnce<{ endedSessions: number }>('/v1/password', body);
    tow.out.talk(`Changed. ${changed.endedSessions} other sessions of yours ended.`);
    if (tow.out.json) tow.out.value(changed);
    return undefined;
  },
});
