import { TowpathError } from '#libs/domain';
import type { Project } from '#libs/domain';
import { isUniqueViolation } from './database.js';
import {
  countServicesSql,
  deleteProjectSecretsSql,
  deleteProjectSql,
  eraseProjectSecretsSql,
  findProjectSql,
  holdProjectSql,
  insertProjectSql,
  listProjectsSql,
  lockProjectSql,
  revokeProjectKeysSql,
  takeHandleSql,
  type ProjectRow,
} from './project.sql.js';
import { ms, time, type PageRequest } from './row.js';
import type { Tx } from './statement.js';

/**
 * @param others handles to try in turn when the project's was ever taken in this installation
 * @throws TowpathError ALREADY_EXISTS when all of them were, or the name is taken in this organization
 */
export async function insertProject(
  tx: Tx,
  project: Omit<Project, 'version'>,
  others: readonly string[] = [],
): Promise<Project> {
  const { id, organizationId, name, createdAt } = project;
  const handle = await takeHandle(tx, project, others);
  try {
    const row = await tx.one(insertProjectSql, [id, organizationId, name, handle, time(createdAt)]);
    return toProject(row as ProjectRow);
  } catch (error) {
    if (!isUniqueViolation(error, 'projects_name_live')) throw error;
    throw exists('name', `A project named "${name}" exists.`, 'Choose another name or use that project.');
  }
}

async function takeHandle(
  tx: Tx,
  { id, organizationId, handle: first }: Omit<Project, 'version'>,
  others: readonly string[],
): Promise<string> {
  for (const handle of [first, ...others])
    if (await tx.one(takeHandleSql, [handle, organizationId, id])) return handle;
  throw exists('handle', `The handle "${first}" is taken.`, 'Choose another handle.');
}

/** By handle or id. */
export async function findProject(tx: Tx, organizationId: string, ref: string): Promise<Project | undefined> {
  const row = await tx.one(findProjectSql, [organizationId, ref]);
  return row && toProject(row);
}

/** Oldest first; `only` narrows to one project (a credential of one project sees no other). */
export async function listProjects(
  tx: Tx,
  organizationId: string,
  page: PageRequest,
  only?: string,
): Promise<Project[]> {
  const rows = await tx.run(listProjectsSql, [organizationId, page.after ?? '', page.limit, only ?? null]);
  return rows.map(toProject);
}

/** By handle or id, held until the transaction ends, so that it cannot be deleted meanwhile. */
export async function holdProject(tx: Tx, organizationId: string, ref: string): Promise<Project | undefined> {
  const row = await tx.one(holdProjectSql, [organizationId, ref]);
  return row && toProject(row);
}

/**
 * Deletes an empty project, revokes its keys and erases its secrets' values. Its handle stays taken.
 * @throws TowpathError FAILED_PRECONDITION while it has services
 */
export async function deleteProject(tx: Tx, organizationId: string, id: string, now: number): Promise<void> {
  await tx.run(lockProjectSql, [organizationId, id]);
  const count = await tx.one(countServicesSql, [organizationId, id]);
  if (count && count.services > 0) {
    const message = `The project still has ${count.services} services, or services whose removal has not ended.`;
    throw new TowpathError('FAILED_PRECONDITION', message, {
      nextStep: 'Delete its services and wait for these operations to end.',
    });
  }
  await tx.run(revokeProjectKeysSql, [organizationId, id, time(now)]);
  await tx.run(eraseProjectSecretsSql, [organizationId, id]);
  await tx.run(deleteProjectSecretsSql, [organizationId, id, time(now)]);
  await tx.run(deleteProjectSql, [organizationId, id, time(now)]);
}

function exists(field: string, message: string, nextStep: string): TowpathError {
  return new TowpathError('ALREADY_EXISTS', message, {
    violations: [{ field, message: 'is taken' }],
    nextStep,
  });
}

function toProject(row: ProjectRow): Project {
  const { id, name, handle, version } = row;
  return { id, organizationId: row.organization_id, name, handle, createdAt: ms(row.created_at), version };
}
