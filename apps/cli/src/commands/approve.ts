import { defineCommand } from '../command.js';
import { path } from '../client/path.js';
import type { DeviceView } from '../client/wire.types.js';
import { CliError } from '../exit.js';
import { confirmed } from '../prompt.js';

/** `tow approve CODE`: lets a device act as you, after showing what asks. */
export const approve = defineCommand<[string], { deny?: boolean }>({
  calls: ['GET /v1/devices/{code}', 'POST /v1/devices/{code}/decision'],
  declare(command) {
    command.argument('<code>', 'the code that the device shows').option('--deny', 'refuse it instead');
  },
  async run(tow, [code], { deny = false }) {
    const client = await tow.client();
    const device = await client.get<DeviceView>(path`/v1/devices/${code}`);
    tow.out.talk(`${device.client} at ${device.address} asked at ${device.createdAt} to act as you.`);
    if (!deny && !(await confirmed(tow, 'Did you start this sign-in, and let it act as you?'))) {
      throw new CliError('PERMISSION_DENIED', 'Nothing was approved.', {
        nextStep: `Refuse it with: tow approve ${device.code} --deny`,
      });
    }
    const decided = await client.postOnce<DeviceView>(path`/v1/devices/${code}/decision`, { approve: !deny });
    tow.out.line(decided, decided.status);
    return undefined;
  },
});
