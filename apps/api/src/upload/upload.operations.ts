import { z } from 'zod';
import { defineReceiver } from '../call/definition.js';
import { reference } from '../call/scalars.js';
import { createUpload, receiveUpload } from './upload.commands.js';
import { uploadView } from './upload.view.js';

export const uploadOperations = [
  defineReceiver({
    name: 'uploads.create',
    permission: 'upload.write',
    rest: { method: 'POST', path: '/v1/projects/{project}/uploads', status: 201 },
    summary: 'Upload a packed source folder (tar.gz, at most 100 MiB). The header Content-Digest is checked.',
    body: 'application/gzip',
    input: z.strictObject({
      project: reference('Handle or id of the project.'),
      contentDigest: z.string().max(500).optional().describe('The header Content-Digest (RFC 9530).'),
    }),
    output: uploadView,
    receive: receiveUpload,
    handler: createUpload,
  }),
];
