import { defineCommand } from '../../command.js';
import { runAdmin } from './tool.js';

interface Options {
  yes?: boolean;
  data?: string;
}

/** `tow admin restore FILE`: a new installation from a backup, or the database of one put back to it. */
export const adminRestore = defineCommand<[string], Options>({
  calls: [],
  declare(command) {
    command
      .argument('<file>', 'a backup made by `tow admin backup`')
      .option('--data <dir>', 'data folder to restore into, new or of that installation (default: .data)')
      .option('--yes', 'replace the database that is there')
      .addHelpText(
        'after',
        '\nServices that changed after the backup stay as clusters have them until you decide: tow admin held',
      );
  },
  run(tow, [file], { yes, data }) {
    return runAdmin(tow, ['restore', '--input', file, ...(yes === true ? ['--yes'] : [])], data);
  },
});
