import { defineCommand } from '../../command.js';
import { runAdmin } from './tool.js';

interface Options {
  release?: string[];
  data?: string;
}

/** `tow admin held`: services that a restore left as clusters have them, and the operator's word about them. */
export const adminHeld = defineCommand<[], Options>({
  calls: [],
  declare(command) {
    command
      .option(
        '--release <id...>',
        'let the restored rows count for these services: clusters are brought back to them',
      )
      .option('--data <dir>', 'data folder of the installation (default: .data of the checkout)');
  },
  run(tow, _args, { release = [], data }) {
    return runAdmin(tow, ['held', ...release.flatMap((id) => ['--release', id])], data);
  },
});
