import { testId } from '#libs/testing';
import { PROJECT, revisionOf, targetOf } from './knative.factory.rig.js';
import { revisionSecrets, type Opened } from './revision.secrets.js';

const opened = (value: string): Opened => ({
  env: () => Promise.resolve({ TOKEN: value, PLAIN: 'plain' }),
  open: () => Promise.resolve(new TextEncoder().encode(value)),
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secret = { id: testId('sec'), version: 1 };

describe('the Secrets of a revision', () => {
  it('hold what its environment takes from secrets, and nothing else of it', async () => {
    const env = [
      { name: 'TOKEN', secret },
      { name: 'PLAIN', value: 'plain' },
    ];
    const revision = revisionOf('hello-00001', { env });
    expect(await revisionSecrets(targetOf([revision]), revision, opened('s3cret'))).toEqual([
      expect.objectContaining({
        kind: 'Secret',
        metadata: expect.objectContaining({
          name: `env-${revision.id.replace('_', '-')}`,
          namespace: PROJECT.replace('_', '-'),
        }) as unknown,
        immutable: true,
        data: { TOKEN: base64('s3cret') },
      }),
    ]);
  });

  it('hold the credentials of its registry as a kubelet reads them', async () => {
    const revision = revisionOf('hello-00001', { image: 'r.test:5000/app:1', pullSecret: secret });
    const [pull] = await revisionSecrets(targetOf([revision]), revision, opened('ann:pass:word\n'));
    expect(pull).toMatchObject({ type: 'kubernetes.io/dockerconfigjson' });
    const { '.dockerconfigjson': text = '' } = pull?.['data'] as Record<string, string>;
    expect(JSON.parse(Buffer.from(text, 'base64').toString())).toEqual({
      auths: { 'r.test:5000': { username: 'ann', password: 'pass:word', auth: base64('ann:pass:word') } },
    });
  });

  it('hold files by their place in the list', async () => {
    const files = [{ path: '/etc/a/key', secret }];
    const revision = revisionOf('hello-00001', { files });
    const [made] = await revisionSecrets(targetOf([revision]), revision, opened('s3cret'));
    expect(made).toMatchObject({
      metadata: { name: `files-${revision.id.replace('_', '-')}` },
      data: { 'file-0': base64('s3cret') },
    });
  });

  it('are refused when they are no credentials, without their value', async () => {
    const revision = revisionOf('hello-00001', { image: 'nginx', pullSecret: secret });
    const error: unknown = await revisionSecrets(targetOf([revision]), revision, opened('canary')).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: 'FAILED_PRECONDITION' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary');
  });

  it('are none where nothing is secret', async () => {
    const revision = revisionOf('hello-00001', { env: [{ name: 'A', value: '1' }] });
    expect(await revisionSecrets(targetOf([revision]), revision, opened(''))).toEqual([]);
  });
});
