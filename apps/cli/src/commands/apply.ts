import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Violation } from '#libs/domain';
import { defineCommand } from '../command.js';
import type { OperationView, ServiceView } from '../client/wire.types.js';
import { documentsOf } from '../documents.js';
import { CliError, usageError } from '../exit.js';
import { changed, made } from '../knative/service.body.js';
import { readKnativeService, type WantedService } from '../knative/service.reader.js';
import { findService, finishChange, patchService, tellChange } from '../service/change.js';
import { readAll } from '../prompt.js';
import type { Tow } from '../tow.js';

interface ApplyFlags {
  filename: string;
  allowUnauthenticated?: boolean;
  async?: boolean;
}

const MAX_BYTES = 1 << 20;

/** `tow apply -f FILE`: Knative Services become services of the project, as `tow deploy --image` would make them. */
export const apply = defineCommand<[], ApplyFlags>({
  calls: [
    'GET /v1/projects/{project}/services/{service}',
    'POST /v1/projects/{project}/services',
    'PATCH /v1/projects/{project}/services/{service}',
    'GET /v1/operations/{operation}/events',
    'GET /v1/operations/{operation}',
  ],
  declare(command) {
    command
      .requiredOption(
        '-f, --filename <file>',
        'YAML or JSON with Services of serving.knative.dev/v1; - reads stdin',
      )
      .option('--allow-unauthenticated', 'public: everyone may call them')
      .option('--no-allow-unauthenticated', 'private: only callers with the invoke permission')
      .option('--async', 'do not wait for the operations')
      .addHelpText(
        'after',
        '\nWhat a service does not have is named field by field, and then nothing is applied.',
      );
  },
  async run(tow, _none, flags) {
    const wanted = await readFileOf(tow, flags.filename);
    for (const one of wanted) {
      const current = await findService(tow, one.name);
      await tellChange(tow, one.name, current);
      await finishChange(tow, await send(tow, { ...one, ...accessOf(flags, one) }, current), flags.async);
    }
    return undefined;
  },
});

async function send(
  tow: Tow,
  wanted: WantedService,
  current: ServiceView | undefined,
): Promise<OperationView> {
  if (current !== undefined) return patchService(tow, current, (known) => changed(wanted, known));
  return (await tow.client()).post<OperationView>(`${await tow.projectPath()}/services`, made(wanted));
}

/** A flag says more than the file; without either a new service is private and a known one stays what it is. */
function accessOf(
  { allowUnauthenticated }: ApplyFlags,
  { access }: WantedService,
): Pick<WantedService, 'access'> {
  if (allowUnauthenticated !== undefined) return { access: allowUnauthenticated ? 'public' : 'private' };
  return access === undefined ? {} : { access };
}

/** @throws CliError that names every field that is not right; nothing was sent then */
async function readFileOf(tow: Tow, filename: string): Promise<WantedService[]> {
  const text =
    filename === '-' ? await readAll(tow.io) : await readFile(resolve(tow.io.cwd, filename), 'utf8');
  if (text.length > MAX_BYTES) throw usageError(`${filename} is longer than 1 MiB.`);
  const documents = documentsOf(filename, text).filter((one) => one !== null && one !== undefined);
  if (documents.length === 0) throw usageError(`${filename} holds nothing to apply.`);
  const problems: Violation[] = [];
  const wanted = documents.map((one, at) =>
    readKnativeService(one, documents.length === 1 ? '' : `[${at}]`, problems),
  );
  const project = await tow.project();
  for (const [at, { namespace }] of wanted.entries())
    if (namespace !== undefined && namespace !== 'default' && namespace !== project)
      problems.push({
        field: `${documents.length === 1 ? '' : `[${at}].`}metadata.namespace`,
        message: `is ${namespace}, and the project is ${project}: choose it by --project`,
      });
  if (problems.length === 0) return wanted;
  throw new CliError('INVALID_ARGUMENT', `${filename} asks for what a service cannot have.`, {
    violations: problems,
    nextStep: 'Take these fields out, or write them as the messages say. Nothing was applied.',
  });
}
