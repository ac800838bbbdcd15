import { defineCommand } from '../command.js';
import { logEvents } from '../client/log.events.js';
import type { LogView, Page } from '../client/wire.types.js';
import { interrupted, usageError } from '../exit.js';
import { durationSeconds, wholeNumber } from '../flags/quantity.js';
import { printable } from '../output/table.js';
import type { Tow } from '../tow.js';

interface LogFlags {
  follow?: boolean;
  since?: string;
  revision?: string;
  limit?: number;
}

/** `tow logs NAME`: what the program and the platform wrote about a service. */
export const logs = defineCommand<[string], LogFlags>({
  calls: ['GET /v1/projects/{project}/services/{service}/logs'],
  declare(command) {
    command
      .argument('<name>', 'the service')
      .option('--follow', 'go on as the log grows; with --json one line of JSON per entry')
      .option('--since <time>', 'from so long ago (10m, 2h) or from a time (2026-11-20T12:00:00Z)')
      .option('--revision <name>', 'only of this revision')
      .option('--limit <n>', 'at most so many entries, the newest', wholeNumber('--limit'));
  },
  async run(tow, [name], flags) {
    const address = `${await tow.servicePath(name)}/logs`;
    const since = flags.since === undefined ? undefined : sinceTime(flags.since, tow.io.clock.now());
    const query = { since, revision: flags.revision, limit: flags.limit };
    const client = await tow.client();
    if (flags.follow === true) return follow(tow, address, query);
    const { items } = await client.get<Page<LogView>>(address, query);
    if (tow.out.json) tow.out.value(items);
    else if (items.length === 0) tow.out.talk('Nothing was logged in that time.');
    else tow.out.lines(items.map(textOf));
    return undefined;
  },
});

async function follow(tow: Tow, address: string, query: { since: string | undefined }): Promise<undefined> {
  tow.out.talk('Following the log; Ctrl-C ends it.');
  const sayGap = (failures: number): void => {
    if (failures > 0) tow.out.talk('The connection broke, trying again.');
  };
  try {
    for await (const entry of logEvents(await tow.client(), address, query, tow.io, sayGap)) {
      tow.out.streamed(entry, textOf(entry));
    }
  } catch (error) {
    if (tow.io.signal.aborted) throw interrupted('');
    throw error;
  }
  return undefined;
}

function textOf(entry: LogView): string {
  const writer = entry.revision ?? entry.stream;
  const from = entry.container === undefined ? writer : `${writer}/${entry.container}`;
  return `${entry.time} ${from} ${printable(entry.text)}`;
}

/** The time of `10m` ago, or the time as it was given. */
function sinceTime(text: string, now: number): string {
  if (/^\d+[smhd]?$/.test(text)) return new Date(now - durationSeconds('--since')(text) * 1000).toISOString();
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw usageError(`--since: "${text}" is no time.`, 'Write 10m, 2h or 2026-11-20T12:00:00Z.');
  return new Date(time).toISOString();
}
