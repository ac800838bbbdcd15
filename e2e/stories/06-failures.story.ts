import { Tenant } from '../support/tenant.js';

const START = JSON.stringify({ name: 'broken', version: '1.0.0', scripts: { start: 'node server.js' } });

describe('what goes wrong says why, and the old revision serves on', () => {
  let tenant: Tenant;
  beforeAll(async () => {
    tenant = await Tenant.create('failures');
    await tenant.mustDeploy('probe');
  });

  it('a crash at start', async () => {
    const operation = await tenant.deploy('probe', {
      source: { 'package.json': START, 'server.js': 'console.error("no database"); process.exit(3);' },
    });
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'START_FAILED' } });
    expect(operation.error?.message).toMatch(/3/);
    expect(JSON.stringify(operation.error)).toMatch(/no database/);
    expect(operation.error?.nextStep).toBeTruthy();
    await stillServes();
  });

  it('a port that never opens', async () => {
    const operation = await tenant.deploy('probe', {
      source: { 'package.json': START, 'server.js': 'require("node:http").createServer().listen(0); ' },
    });
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'START_FAILED' } });
    expect(operation.error?.message).toMatch(/port/i);
    expect(operation.error?.violations?.[0]?.field).toBe('template.port');
    expect(operation.error?.nextStep).toBeTruthy();
    await stillServes();
  });

  it('a failing build', async () => {
    const manifest = {
      name: 'broken',
      version: '1.0.0',
      scripts: { build: 'node build.js', start: 'node server.js' },
    };
    const operation = await tenant.deploy('probe', {
      source: {
        'package.json': JSON.stringify(manifest),
        'build.js': 'console.error("cannot compile line 7"); process.exit(2);',
        'server.js': '',
      },
    });
    expect(operation).toMatchObject({ status: 'failed', error: { code: 'BUILD_FAILED' } });
    expect(operation.error?.message).toMatch(/build/);
    expect(JSON.stringify(operation.error)).toMatch(/cannot compile line 7/);
    const events = await tenant.api.events(`/v1/operations/${operation.id}/events`);
    expect(
      events.events
        .filter((event) => event.event === 'log')
        .map((event) => event.data)
        .join(),
    ).toMatch(/cannot compile line 7/);
    await stillServes();
  });

  it('a Dockerfile is refused with one sentence, and an image reference where nothing runs it', async () => {
    const image = await tenant.api.request('POST', `/v1/projects/${tenant.project}/services`, {
      name: 'image',
      template: { image: 'example/app:1' },
    });
    const runsContainers = process.env['TOWPATH_STORY_CLUSTER_FILE'] !== undefined;
    expect(image.status).toBe(runsContainers ? 202 : 422);
    if (!runsContainers) expect(image.body).toMatchObject({ code: 'NOT_SUPPORTED' });
    const operation = await tenant.deploy('docker', { source: { Dockerfile: 'FROM scratch' } }).catch(String);
    expect(JSON.stringify(operation)).toMatch(/Dockerfile/);
  });

  async function stillServes(): Promise<void> {
    expect((await tenant.call('probe')).json()).toMatchObject({ revision: 'probe-00001' });
    expect((await tenant.service('probe')).latestReadyRevision).toBe('probe-00001');
  }
});
