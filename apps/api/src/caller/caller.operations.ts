import { CALLER_TOKEN_ASK, identitySubject } from '#libs/bus';
import { CALLER_TOKEN, serviceAudience } from '#libs/domain';
import { z } from 'zod';
import { defineAsked } from '../call/definition.js';
import { iso, reference } from '../call/scalars.js';
import { serviceOf } from '../service/service.queries.js';

const callerTokenView = z
  .object({
    token: z.string().describe('Send it to the service as `Authorization: Bearer …`.'),
    audience: z.string().describe('The service it is good for, at its host and the hosts of its tags.'),
    expiresAt: z.string(),
  })
  .meta({ id: 'CallerToken' });

const lifetimeSeconds = z
  .int()
  .min(CALLER_TOKEN.minimumSeconds)
  .max(CALLER_TOKEN.maximumSeconds)
  .default(CALLER_TOKEN.usualSeconds)
  .describe('Default 600; it cannot be taken back before.');

export const callerOperations = [
  defineAsked({
    name: 'services.token',
    permission: 'service.invoke',
    rest: { method: 'POST', path: '/v1/projects/{project}/services/{service}/token', status: 200 },
    graphql: 'callerToken',
    summary: 'A token with which you may call a private service.',
    input: z.strictObject({
      project: reference('Handle or id of the project.'),
      service: reference('Name or id of the service.'),
      lifetimeSeconds,
    }),
    output: callerTokenView,
    handler: async (call, input) => {
      const { service, project } = await call.read((reading) => serviceOf(reading, input));
      const audience = serviceAudience(service.name, project.handle, call.parts.installation.domain);
      const { token, expiresAt } = await call.parts.bus.ask(
        identitySubject('caller-token'),
        CALLER_TOKEN_ASK,
        {
          schemaVersion: 1,
          subject: call.actor.id,
          audience,
          lifetimeSeconds: input.lifetimeSeconds,
        },
      );
      return { token, audience, expiresAt: iso(expiresAt) };
    },
  }),
];
