import type { WhoamiView } from './client/wire.types.js';
import type { Tow } from './tow.js';

/** The organization that is named, else one's own. */
export async function organizationOf(tow: Tow, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  return (await (await tow.client()).get<WhoamiView>('/v1/whoami')).organization.id;
}
