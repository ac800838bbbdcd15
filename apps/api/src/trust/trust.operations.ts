import { X509Certificate } from 'node:crypto';
import { TowpathError } from '#libs/domain';
import { findRootCertificate } from '#libs/store';
import { z } from 'zod';
import { defineOpenQuery } from '../call/definition.js';

const trustView = z
  .object({
    domain: z.string().describe("The services' domain: the root vouches for nothing else."),
    certificate: z.string().describe('The root certificate, PEM.'),
    fingerprint: z.string().describe('SHA-256 of the root certificate, pairs of hex digits.'),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'Trust' });

export const trustOperations = [
  defineOpenQuery({
    name: 'trust.get',
    rest: { method: 'GET', path: '/v1/trust', status: 200 },
    graphql: 'trust',
    summary:
      "The root certificate of this installation's own authority, for callers of its services over HTTPS.",
    input: z.strictObject({}),
    output: trustView,
    handler: async ({ parts }) => {
      const { domain } = parts.installation;
      const certificate = await parts.db.asApi((tx) => findRootCertificate(tx, domain));
      if (certificate === undefined) {
        throw new TowpathError('UNAVAILABLE', 'This installation has no certificate authority yet.', {
          nextStep: 'Try again when identity has started.',
        });
      }
      const { fingerprint256, validToDate } = new X509Certificate(certificate);
      return { domain, certificate, fingerprint: fingerprint256, expiresAt: validToDate.toISOString() };
    },
  }),
];
