import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Tenant, platform } from '../support/tenant.js';

/** What the story before an upgrade leaves to the one after it. */
export interface Taken {
  revisions: (string | undefined)[][];
  /** Requests that usage showed. */
  requests: string;
}

const file = (): string => path.join(platform().dataDir, 'taken.json');

export async function keepTaken(tenant: Tenant, taken: Taken): Promise<void> {
  const { organizationId, project } = tenant;
  await writeFile(file(), JSON.stringify({ ...taken, organizationId, project, key: tenant.api.key }));
}

export async function readTaken(): Promise<Taken & { tenant: Tenant }> {
  const { organizationId, project, key, ...taken } = JSON.parse(await readFile(file(), 'utf8')) as Taken &
    Record<'organizationId' | 'project' | 'key', string>;
  return { ...taken, tenant: Tenant.known(organizationId, project, key) };
}
