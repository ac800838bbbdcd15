import { createGzip } from 'node:zlib';
import { Readable, pipeline } from 'node:stream';
import { z } from 'zod';
import { defineDownload } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import type { Project, Service } from '#libs/domain';
import type { Call } from '../call/call.js';
import { projectOf } from '../project/project.queries.js';
import { serviceOf } from '../service/service.queries.js';
import { organizationOf } from '../organization/organization.queries.js';
import { tarOf } from './bundle.tar.js';
import { bundleOf } from './export.bundle.js';
import { projectManifest } from './project.manifest.js';

export const exportOperations = [
  defineDownload({
    name: 'organizations.export',
    permission: 'organization.export',
    rest: { method: 'GET', path: '/v1/organizations/{organization}/export', status: 200 },
    media: 'application/gzip',
    summary:
      'Everything your organization may take with it, as a tar.gz: services as Knative YAML, usage, bills, audit, members and keys; no secret values.',
    input: z.strictObject({ organization: reference('Id of your organization.') }),
    download: async (call, input) => {
      const { id } = await call.read((reading) => organizationOf(reading, input.organization));
      await call.audit(id);
      const files = bundleOf((work) => call.read(work));
      const tar = Readable.from(tarOf(files, call.parts.clock.now()), { objectMode: false });
      return { name: `${id}.tar.gz`, body: pipeline(tar, createGzip(), () => undefined) };
    },
  }),
  defineDownload({
    name: 'projects.manifest',
    permission: 'service.read',
    rest: { method: 'GET', path: '/v1/projects/{project}/manifest', status: 200 },
    media: 'application/yaml',
    summary:
      'The services of a project, or one of them, as Knative and Kubernetes read them without Towpath.',
    input: z.strictObject({
      project: reference('Id or handle of the project.'),
      service: reference('Name or id of the one service that is wanted.').optional(),
    }),
    download: async (call, { project: ref, service }) => {
      const { project, only } = await call.read((reading) => wantedOf(reading, ref, service));
      return {
        name: `${only?.name ?? project.handle}.yaml`,
        body: projectManifest((work) => call.read(work), project, only),
      };
    },
  }),
];

async function wantedOf(
  call: Call,
  project: string,
  service: string | undefined,
): Promise<{ project: Project; only?: Service }> {
  if (service === undefined) return { project: await projectOf(call, project) };
  const found = await serviceOf(call, { project, service });
  return { project: found.project, only: found.service };
}
