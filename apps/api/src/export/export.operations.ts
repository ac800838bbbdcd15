import { createGzip } from 'node:zlib';
import { Readable, pipeline } from 'node:stream';
import { z } from 'zod';
import { defineDownload } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { organizationOf } from '../organization/organization.queries.js';
import { tarOf } from './bundle.tar.js';
import { bundleOf } from './export.bundle.js';

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
];
