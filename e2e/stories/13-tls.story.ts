import { X509Certificate } from 'node:crypto';
import https from 'node:https';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';
import { until } from '../support/until.js';

interface Trust {
  certificate: string;
  fingerprint: string;
}

describe('HTTPS', () => {
  let tenant: Tenant;
  let trust: Trust;
  let port: number;

  const call = (host: string, ca: string): Promise<{ status: number; issuer: string }> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, servername: host, ca, headers: { host }, agent: false };
      // Node's own check refuses every name below .localhost; the chain is checked all the same.
      const request = https.get({ ...options, checkServerIdentity: () => undefined }, (response) => {
        const { issuer } = new X509Certificate(
          (
            response.socket as unknown as { getPeerX509Certificate(): X509Certificate }
          ).getPeerX509Certificate().raw,
        );
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, issuer }));
      });
      request.on('error', reject);
    });

  beforeAll(async () => {
    tenant = await Tenant.create('tls');
    await tenant.mustDeploy('probe');
    trust = await tenant.api.ok<Trust>('GET', '/v1/trust');
    const whoami = await tenant.api.ok<{ installation: { gatewayTlsPort: number } }>('GET', '/v1/whoami');
    port = whoami.installation.gatewayTlsPort;
  }, 60_000);

  it('serves a service with a certificate that the published root vouches for', async () => {
    const answer = await until('the certificate of the host', 15_000, () =>
      call(tenant.host('probe'), trust.certificate).catch(() => false as const),
    );
    expect(answer.status).toBe(200);
    const root = new X509Certificate(trust.certificate);
    expect(answer.issuer).toBe(root.subject);
    expect(root.fingerprint256).toBe(trust.fingerprint);
  }, 30_000);

  it('is refused without the root, and for a name that is no service', async () => {
    const stranger = `nobody--${tenant.project}.${tenant.platform.domain}`;
    await expect(call(stranger, trust.certificate)).rejects.toThrow();
    const root = new X509Certificate(trust.certificate);
    await expect(call(tenant.host('probe'), '')).rejects.toMatchObject({
      code: expect.stringMatching(/CERT|SELF|VERIFY/) as string,
    });
    expect(root.ca).toBe(true);
  });

  it('is explained by tow trust', async () => {
    const printed = await tow(tenant, 'trust', '--json');
    expect(printed.code).toBe(0);
    expect(JSON.parse(printed.stdout)).toMatchObject({ fingerprint: trust.fingerprint });
  });
});
