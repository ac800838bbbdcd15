import path from 'node:path';
import { Tenant } from '../support/tenant.js';
import { tow } from '../support/tow.js';

const HELLO = path.join(import.meta.dirname, '../../examples/hello');

describe('a newcomer: first deploy, first 200, first cost', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('newcomer');
  });

  it('deploys a folder with one command and gets a URL on stdout', async () => {
    const deployed = await tow(tenant, 'deploy', 'hello', '--source', HELLO, '--allow-unauthenticated');
    expect(deployed).toMatchObject({ code: 0 });
    expect(deployed.stdout.trim()).toBe(`http://${tenant.host('hello')}:${tenant.platform.gatewayPort}`);
    expect(deployed.stderr).toMatch(/build/i);
  });

  it('answers on its URL and through tow curl', async () => {
    const answer = await tenant.call('hello');
    expect(answer.status).toBe(200);
    expect(answer.headers['x-request-id']).toBeDefined();
    const curled = await tow(tenant, 'curl', 'hello');
    expect(curled.code).toBe(0);
    expect(curled.stdout).toBe(answer.text);
  });

  it('appears on the bill in units of 100 ms', async () => {
    const rows = await tenant.usageOf('hello', 2);
    expect(rows).toEqual([expect.objectContaining({ revision: 'hello-00001', requests: '2' })]);
    expect(BigInt(rows[0]?.blocks ?? '0')).toBeGreaterThanOrEqual(1n);
    const bill = await tow(tenant, 'bill', '--json');
    const { lines, total } = JSON.parse(bill.stdout) as { lines: { amount: string }[]; total: string };
    expect(lines.length).toBeGreaterThan(0);
    expect(Number(total)).toBeGreaterThan(0);
    const usage = await tow(tenant, 'usage', '--service', 'hello');
    expect(usage.stdout).toContain('hello-00001');
  });
});
