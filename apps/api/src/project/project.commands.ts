import { defaultHandle } from '#libs/domain';
import { deleteProject as deleteStored, insertProject } from '#libs/store';
import type { CommandCall } from '../call/call.js';
import { projectOf } from './project.queries.js';
import { showProject } from './project.view.js';

/** One in a hundred thousand handles of a large installation is taken: nobody who chose none hears of it. */
const REDRAWS = 4;

export async function createProject(
  call: CommandCall,
  input: { name: string; handle?: string | undefined },
): Promise<ReturnType<typeof showProject>> {
  const { actor, tx, now, parts } = call;
  const { name } = input;
  const { organizationId } = actor;
  const draw = (): string => defaultHandle(name, parts.random);
  const project = await insertProject(
    tx,
    { id: call.newId('prj'), organizationId, name, handle: input.handle ?? draw(), createdAt: now },
    input.handle === undefined ? Array.from({ length: REDRAWS }, draw) : [],
  );
  await call.audit(project.id, { after: { name, handle: project.handle } });
  return showProject(project);
}

/** Deletes an empty project and gives it as it was. */
export async function deleteProject(
  call: CommandCall,
  input: { project: string },
): Promise<ReturnType<typeof showProject>> {
  const project = await projectOf(call, input.project);
  await deleteStored(call.tx, project.organizationId, project.id, call.now);
  await call.audit(project.id, { before: { name: project.name, handle: project.handle } });
  return showProject(project);
}
