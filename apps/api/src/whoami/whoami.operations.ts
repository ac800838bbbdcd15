import { z } from 'zod';
import { defineQuery } from '../call/definition.js';
import { keyView, roleSchema } from '../key/key.view.js';
import { userView } from '../session/session.view.js';
import { whoami } from './whoami.queries.js';

const whoamiView = z
  .object({
    actor: z
      .object({
        id: z.string(),
        role: roleSchema,
        platformOperator: z.boolean(),
        projectId: z.string().optional(),
      })
      .meta({ id: 'Actor' }),
    organization: z.object({ id: z.string(), name: z.string() }).meta({ id: 'OrganizationRef' }),
    key: keyView.optional().describe('The key that calls; absent for a person.'),
    user: userView.optional().describe('The person that calls; absent for a key.'),
    installation: z
      .object({
        apiUrl: z.string(),
        gatewayPort: z.int(),
        gatewayTlsPort: z.int().optional(),
        domain: z.string(),
      })
      .meta({ id: 'Installation' }),
  })
  .meta({ id: 'Whoami' });

export const whoamiOperations = [
  defineQuery({
    name: 'whoami.get',
    permission: 'any',
    rest: { method: 'GET', path: '/v1/whoami', status: 200 },
    graphql: 'whoami',
    summary: 'Who you are to this installation, and how to reach it.',
    input: z.strictObject({}),
    output: whoamiView,
    handler: whoami,
  }),
];
