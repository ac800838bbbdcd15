import type { Project, Service } from '#libs/domain';
import { findService, listServices as listStored, type PageRequest } from '#libs/store';
import type { Call } from '../call/call.js';
import { notFound } from '../call/not-found.js';
import { projectOf } from '../project/project.queries.js';
import { showService, type ServiceView } from './service.view.js';

/** How every operation on a service names it. */
export interface ServiceRef {
  project: string;
  service: string;
}

/** The service of that name or id in a project, and the project. */
export async function serviceOf(
  call: Call,
  ref: ServiceRef,
): Promise<{ service: Service; project: Project }> {
  const project = await projectOf(call, ref.project);
  const service = await findService(call.tx, project.organizationId, project.id, ref.service);
  if (!service) throw notFound('service');
  return { service, project };
}

export async function getService(call: Call, input: ServiceRef): Promise<ServiceView> {
  const { service, project } = await serviceOf(call, input);
  return showService(service, project, call.parts.installation);
}

export async function listServices(
  call: Call,
  input: { project: string },
  page: PageRequest,
): Promise<ServiceView[]> {
  const project = await projectOf(call, input.project);
  const services = await listStored(call.tx, project.organizationId, project.id, page);
  return services.map((service) => showService(service, project, call.parts.installation));
}
