import { sees, type Project } from '#libs/domain';
import { findProject, holdProject, listProjects as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { showProject } from './project.view.js';

/** The project of that handle or id. Every read or write below a project goes through here. */
export async function projectOf(call: Call, ref: string): Promise<Project> {
  return seen(call, await findProject(call.tx, call.actor.organizationId, ref));
}

/** The same, held until the transaction ends: what is put into it finds it there. */
export async function heldProjectOf(call: Call, ref: string): Promise<Project> {
  return seen(call, await holdProject(call.tx, call.actor.organizationId, ref));
}

function seen({ actor }: Call, project: Project | undefined): Project {
  if (!project || !sees(actor, { organizationId: project.organizationId, projectId: project.id })) {
    throw notFound('project');
  }
  return project;
}

export async function getProject(
  call: Call,
  input: { project: string },
): Promise<ReturnType<typeof showProject>> {
  return showProject(await projectOf(call, input.project));
}

export async function listProjects(call: Call, page: PageRequest): Promise<ReturnType<typeof showProject>[]> {
  const { actor, tx } = call;
  return (await listStored(tx, actor.organizationId, page, actor.projectId)).map(showProject);
}
