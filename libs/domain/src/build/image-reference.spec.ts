import fc from 'fast-check';
import { imageReferenceProblem, parseImageReference, pinnedImage } from './image-reference.js';

const DIGEST = `sha256:${'a'.repeat(64)}` as const;

describe('an image reference', () => {
  it.each([
    ['nginx', { registry: 'docker.io', repository: 'library/nginx', tag: 'latest' }],
    ['nginx:1.27', { registry: 'docker.io', repository: 'library/nginx', tag: '1.27' }],
    ['team/app', { registry: 'docker.io', repository: 'team/app', tag: 'latest' }],
    ['index.docker.io/nginx:1', { registry: 'docker.io', repository: 'library/nginx', tag: '1' }],
    ['r.test/a/b-c__d.e:x', { registry: 'r.test', repository: 'a/b-c__d.e', tag: 'x' }],
    ['r.test:5000/a', { registry: 'r.test:5000', repository: 'a', tag: 'latest' }],
    ['10.20.1.1:5000/a:t', { registry: '10.20.1.1:5000', repository: 'a', tag: 't' }],
    ['localhost/a', { registry: 'localhost', repository: 'a', tag: 'latest' }],
    [`r.test/a@${DIGEST}`, { registry: 'r.test', repository: 'a', digest: DIGEST }],
    [`r.test/a:1@${DIGEST}`, { registry: 'r.test', repository: 'a', tag: '1', digest: DIGEST }],
  ])('%s is read', (text, reference) => {
    expect(parseImageReference(text)).toEqual(reference);
    expect(imageReferenceProblem(text)).toBeUndefined();
  });

  it.each([
    '',
    'a b',
    'Nginx',
    'r.test/Team/app',
    'nginx:',
    'nginx:a/b:c',
    'a//b',
    '/a',
    'a/',
    'https://r.test/a',
    'user:word@r.test/a',
    `a@${DIGEST}@${DIGEST}`,
    'a@sha256:abc',
    '-r.test/a',
    'r..test/a',
    'r.test:port/a',
    'r.test:65536/a',
    'r.test:080/a',
    '[::1]:5000/a',
    `r.test/${'a'.repeat(512)}`,
  ])('%j is none', (text) => {
    expect(imageReferenceProblem(text)).toMatch(/registry reference/);
  });

  it('is pulled by its digest, whatever its tag', () => {
    expect(pinnedImage('nginx:1', DIGEST)).toBe(`docker.io/library/nginx@${DIGEST}`);
    expect(pinnedImage(`r.test:1/a:2@${DIGEST}`, DIGEST)).toBe(`r.test:1/a@${DIGEST}`);
  });

  it('never names a host that a URL would read otherwise', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), (text) => {
        const registry = parseImageReference(text)?.registry;
        if (registry !== undefined) expect(new URL(`x://${registry}/`).host).toBe(registry);
      }),
    );
  });
});
