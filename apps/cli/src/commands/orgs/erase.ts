import { interrupted } from '../../exit.js';
import { defineCommand } from '../../command.js';
import type { Client } from '../../client/client.js';
import { path } from '../../client/path.js';
import type { ErasureView } from '../../client/organization.types.js';
import type { Tow } from '../../tow.js';

const LOOK_MS = 1_000;

/** `tow orgs erase ID --now --reason TEXT` (operators): follows the erasure to its end and prints what is kept. */
export const orgsErase = defineCommand<[string], { reason: string }>({
  calls: ['POST /v1/organizations/{organization}/erase', 'GET /v1/organizations/{organization}/erasure'],
  declare(command) {
    command
      .argument('<id>', 'the organization')
      .requiredOption('--now', 'do not wait for the end of its hold; it cannot be undone')
      .requiredOption('--reason <text>', 'why; kept with the erasure, so write no names');
  },
  async run(tow, [id], { reason }) {
    const client = await tow.client();
    const begun = await client.post<ErasureView>(path`/v1/organizations/${id}/erase`, { reason });
    show(tow, await tow.progress.waiting('erasing', () => ended(tow, client, begun)));
    return undefined;
  },
});

/** Looks until it has ended, and tells each step. */
async function ended(tow: Tow, client: Client, begun: ErasureView): Promise<ErasureView> {
  let erasure = begun;
  let told = '';
  while (erasure.finishedAt === undefined) {
    const running = erasure.steps.find(({ status }) => status !== 'succeeded');
    const text = `${running?.name ?? ''}: ${running?.message || 'begins soon'}`;
    if (text !== told) tow.progress.note(text);
    told = text;
    await tow.io.sleep(LOOK_MS, tow.io.signal).catch(() => {
      throw interrupted(`The erasure goes on. Look at it with: tow orgs erasure ${begun.organization}`);
    });
    erasure = await client.get<ErasureView>(path`/v1/organizations/${begun.organization}/erasure`);
  }
  return erasure;
}

/** `tow orgs erasure ID` (operators). */
export const orgsErasure = defineCommand<[string], object>({
  calls: ['GET /v1/organizations/{organization}/erasure'],
  declare(command) {
    command.argument('<id>', 'the organization');
  },
  async run(tow, [id]) {
    show(tow, await (await tow.client()).get<ErasureView>(path`/v1/organizations/${id}/erasure`));
    return undefined;
  },
});

function show(tow: Tow, erasure: ErasureView): void {
  const { organization, requestedBy, startedAt, finishedAt, steps, stores } = erasure;
  const lines = Object.fromEntries(steps.map(({ name, status, message }) => [name, `${status} ${message}`]));
  const counts = Object.fromEntries(
    stores.map(({ store, erased, held }) => [store, `${erased} erased, ${held} kept`]),
  );
  tow.out.thing(erasure, {
    Organization: organization,
    'Asked by': requestedBy,
    Started: startedAt,
    ...(finishedAt === undefined ? {} : { Ended: finishedAt }),
    ...lines,
    ...counts,
  });
}
