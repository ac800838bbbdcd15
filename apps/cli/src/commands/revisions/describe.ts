import { defineCommand } from '../../command.js';
import { path } from '../../client/path.js';
import type { RevisionView } from '../../client/wire.types.js';
import { fieldsOf, tableOf } from '../../output/table.js';
import { CONDITION_COLUMNS, envLines } from '../../service/show.js';

/** `tow revisions describe NAME`; the service is what stands before the last hyphen unless it is named. */
export const revisionsDescribe = defineCommand<[string], { service?: string }>({
  calls: ['GET /v1/projects/{project}/services/{service}/revisions/{revision}'],
  declare(command) {
    command
      .argument('<name>', 'the revision')
      .option('--service <name>', 'its service (default: the name before its last hyphen)');
  },
  async run(tow, [name], options) {
    const service = options.service ?? name.replace(/-[^-]*$/, '');
    const address = (await tow.servicePath(service)) + path`/revisions/${name}`;
    const revision = await (await tow.client()).get<RevisionView>(address);
    if (tow.out.json) {
      tow.out.value(revision);
      return undefined;
    }
    const { env, ...spec } = revision.spec;
    const fields = Object.entries(spec).map(([key, value]) => [key, valueText(value)] as const);
    tow.out.lines([
      ...fieldsOf({ Revision: revision.name, Id: revision.id, Created: revision.createdAt }),
      ...fieldsOf({ Instances: revision.status.instances, ...Object.fromEntries<string>(fields) }),
      ...envLines(env ?? []).map((line) => `  ${line}`),
      '',
      ...tableOf(revision.status.conditions, CONDITION_COLUMNS),
    ]);
    return undefined;
  },
});

function valueText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
