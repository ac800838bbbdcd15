import { Option } from 'commander';
import { defineCommand } from '../command.js';
import type { OperationView, ServiceView } from '../client/wire.types.js';
import { usageError } from '../exit.js';
import {
  declareTemplateFlags,
  dependsOnState,
  serviceBody,
  type ServiceBody,
  type TemplateFlags,
} from '../flags/template.flags.js';
import { findService, finishChange, patchService, tellChange } from '../service/change.js';
import { uploadSource } from '../service/upload.js';
import { confirmed } from '../prompt.js';
import type { Tow } from '../tow.js';

interface DeployFlags extends TemplateFlags {
  source?: string;
  image?: string;
  async?: boolean;
}

type Code = { source: { uploadId: string } } | { image: string };

/** `tow deploy`: a folder or an image becomes a revision of a service, new or existing. */
export const deploy = defineCommand<[string], DeployFlags>({
  calls: [
    'POST /v1/projects/{project}/uploads',
    'GET /v1/projects/{project}/services/{service}',
    'POST /v1/projects/{project}/services',
    'PATCH /v1/projects/{project}/services/{service}',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .addOption(new Option('--source <folder>', 'pack and build this folder').conflicts('image'))
      .option('--image <reference>', 'run this image')
      .option('--async', 'do not wait for the operation');
    declareTemplateFlags(command);
  },
  async run(tow, [name], flags) {
    if (flags.source === undefined && flags.image === undefined) {
      throw usageError(
        'deploy needs --source DIR or --image REF.',
        `For the current folder: tow deploy ${name} --source .`,
      );
    }
    const current = await findService(tow, name);
    if (current === undefined) await settleNew(tow, name, flags);
    const code = await codeOf(tow, flags);
    await tellChange(tow, name, current);
    const operation = await (current === undefined
      ? create(tow, name, flags, code)
      : patchService(tow, current, (known) => patch(flags, code, known)));
    return finishChange(tow, operation, flags.async);
  },
});

/** What only a new service needs: all traffic, and an answer to the question whether everybody may call it. */
async function settleNew(tow: Tow, name: string, flags: DeployFlags): Promise<void> {
  if (flags.traffic === false)
    throw usageError('--no-traffic is of no use for a new service: its first revision gets all traffic.');
  if (flags.allowUnauthenticated !== undefined || !tow.mayAsk()) return;
  flags.allowUnauthenticated = await confirmed(tow, `Allow unauthenticated invocations to ${name}?`);
}

async function codeOf(tow: Tow, flags: DeployFlags): Promise<Code> {
  if (flags.image !== undefined) return { image: flags.image };
  return { source: { uploadId: await uploadSource(tow, flags.source ?? '.') } };
}

async function create(tow: Tow, name: string, flags: DeployFlags, code: Code): Promise<OperationView> {
  const body = serviceBody(flags);
  const template = { ...code, ...body.template };
  return (await tow.client()).post<OperationView>(`${await tow.projectPath()}/services`, {
    name,
    ...body,
    template,
  });
}

function patch(flags: DeployFlags, code: Code, known: ServiceView): ServiceBody {
  const body = serviceBody(flags, known.template);
  const version = dependsOnState(flags) ? { version: known.version } : {};
  return { ...body, ...version, template: { ...code, ...body.template } };
}
