import { defineCommand } from '../../command.js';
import { readConfig } from '../../config/config.file.js';

/** `tow contexts list`: never shows keys and tokens. */
export const contextsList = defineCommand<[], object>({
  calls: [],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const { current, contexts } = await readConfig(tow.io);
    const rows = Object.entries(contexts).map(([name, { url, key, session, project }]) => {
      const credential = session?.email ?? `${(key ?? '').slice(0, 8)}…`;
      return { name, url, project, credential, current: name === current };
    });
    tow.out.list(
      rows,
      {
        CURRENT: (row) => (row.current ? '*' : ' '),
        NAME: (row) => row.name,
        URL: (row) => row.url,
        PROJECT: (row) => row.project,
        CREDENTIAL: (row) => row.credential,
      },
      'No context yet. Make one: tow login URL',
    );
    return undefined;
  },
});
