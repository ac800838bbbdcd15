import { defineCommand } from '../../command.js';
import { runAdmin } from './tool.js';

interface Options {
  output?: string;
  verify?: string;
  data?: string;
}

/** `tow admin backup`: database, keys and blobs of an installation on this machine in one file. */
export const adminBackup = defineCommand<[], Options>({
  calls: [],
  declare(command) {
    command
      .option('--output <path>', 'the file to write, or a folder for it (default: here, named by the time)')
      .option('--verify <file>', 'only read a backup whole and compare it with its manifest')
      .option('--data <dir>', 'data folder of the installation (default: .data of the checkout)')
      .addHelpText('after', '\nIt may run while the platform works. The file holds every key: keep it safe.');
  },
  run(tow, _args, { output, verify, data }) {
    if (verify !== undefined) return runAdmin(tow, ['verify', '--input', verify]);
    return runAdmin(tow, ['backup', ...(output === undefined ? [] : ['--output', output])], data);
  },
});
