import { CALLER_TOKEN } from '#libs/domain';
import { defineCommand } from '../../command.js';
import { durationSeconds } from '../../flags/quantity.js';
import { callerToken } from '../../service/call.js';

/** `tow services token NAME`: prints a token with which the caller may call a private service. */
export const servicesToken = defineCommand<[string], { lifetime?: number }>({
  calls: ['POST /v1/projects/{project}/services/{service}/token'],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option(
        '--lifetime <time>',
        `good for so long, at most ${CALLER_TOKEN.maximumSeconds}s (default ${CALLER_TOKEN.usualSeconds}s)`,
        durationSeconds('--lifetime'),
      );
  },
  async run(tow, [name], { lifetime }) {
    const made = await callerToken(tow, name, lifetime);
    tow.out.line(made, made.token);
    return undefined;
  },
});
