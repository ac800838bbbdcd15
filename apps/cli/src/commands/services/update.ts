import { defineCommand } from '../../command.js';
import { usageError } from '../../exit.js';
import {
  declareTemplateFlags,
  dependsOnState,
  serviceBody,
  type TemplateFlags,
} from '../../flags/template.flags.js';
import { finishChange, getService, patchService } from '../../service/change.js';

interface UpdateFlags extends TemplateFlags {
  image?: string;
  async?: boolean;
}

/** `tow services update`: changes settings; what the template holds makes a new revision. */
export const servicesUpdate = defineCommand<[string], UpdateFlags>({
  calls: [
    'GET /v1/projects/{project}/services/{service}',
    'PATCH /v1/projects/{project}/services/{service}',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--image <reference>', 'run this image')
      .option('--async', 'do not wait for the operation');
    declareTemplateFlags(command);
  },
  async run(tow, [name], flags) {
    if (Object.keys(serviceBody(flags)).length === 0 && flags.image === undefined) {
      throw usageError(
        'services update needs at least one change.',
        'See what can change: tow services update --help',
      );
    }
    const operation = await patchService(tow, await getService(tow, name), (known) => {
      const { template, ...body } = serviceBody(flags, known.template);
      const image = flags.image === undefined ? {} : { image: flags.image };
      const changed = { ...image, ...template };
      return {
        ...body,
        ...(Object.keys(changed).length > 0 ? { template: changed } : {}),
        ...(dependsOnState(flags) ? { version: known.version } : {}),
      };
    });
    return finishChange(tow, operation, flags.async);
  },
});
