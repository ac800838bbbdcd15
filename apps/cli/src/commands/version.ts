import { defineCommand } from '../command.js';
import { CliError } from '../exit.js';
import { fieldsOf } from '../output/table.js';

/** `tow version`: of this program, and of the API when one is known and answers. */
export const version = defineCommand<[], object>({
  calls: ['GET /v1/openapi.json'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const api = await tow
      .client()
      .then((client) => client.get<{ info?: { version?: string } }>('/v1/openapi.json'))
      .catch((error: unknown) => {
        if (!(error instanceof CliError)) throw error;
        tow.out.talk(`The API's version is not known: ${error.message}`);
        return undefined;
      });
    const versions = { tow: tow.io.version, api: api?.info?.version };
    if (tow.out.json) tow.out.value(versions);
    else tow.out.lines(fieldsOf(versions));
    return undefined;
  },
});
