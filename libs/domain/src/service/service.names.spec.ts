import fc from 'fast-check';
import {
  revisionHost,
  revisionName,
  revisionSuffixProblem,
  serviceHost,
  serviceNameProblem,
  serviceUrl,
  tagLengthProblem,
  tagProblem,
} from './service.names.js';
import { handleProblem } from '../organization/project.names.js';

describe('names of services and tags', () => {
  it.each([
    ['hello', true],
    ['a', true],
    ['my-shop-2', true],
    ['a'.repeat(42), true],
    ['', false],
    ['a'.repeat(43), false],
    ['Hello', false],
    ['1shop', false],
    ['-shop', false],
    ['shop-', false],
    ['my--shop', false],
    ['xn--shop', false],
    ['shop.de', false],
    ['shöp', false],
    ['shop\n', false],
  ])('%j is a name: %s', (name, good) => {
    expect(serviceNameProblem(name) === undefined).toBe(good);
  });

  it('tags are labels, and never "latest"', () => {
    expect(tagProblem('canary')).toBeUndefined();
    expect(tagProblem('latest')).toBe('must not be "latest"');
    expect(tagLengthProblem('a'.repeat(20), 'b'.repeat(22))).toBeUndefined();
    expect(tagLengthProblem('a'.repeat(21), 'b'.repeat(22))).toContain('at most 42');
  });

  it('suffixes leave numbered names to Towpath', () => {
    expect(revisionSuffixProblem('blue', 'hello')).toBeUndefined();
    expect(revisionSuffixProblem('00002', 'hello')).toContain('number');
    expect(revisionSuffixProblem('a'.repeat(63), 'hello')).toContain('at most 51');
  });
});

describe('hosts', () => {
  it('are made of service, tag and handle', () => {
    expect(serviceHost(undefined, 'hello', 'acme-x1y2', 'localhost')).toBe('hello--acme-x1y2.localhost');
    expect(serviceHost('canary', 'hello', 'acme', 'towpath.app')).toBe('canary---hello--acme.towpath.app');
    expect(serviceUrl(undefined, 'hello', 'acme', 'localhost', { scheme: 'http', port: 8081 })).toBe(
      'http://hello--acme.localhost:8081',
    );
    expect(serviceUrl('t', 'hello', 'acme', 'towpath.app', { scheme: 'https', port: 443 })).toBe(
      'https://t---hello--acme.towpath.app',
    );
    expect(serviceUrl(undefined, 'hello', 'acme', 'towpath.app', { scheme: 'https', port: 8443 })).toBe(
      'https://hello--acme.towpath.app:8443',
    );
    expect(serviceUrl(undefined, 'hello', 'acme', 'towpath.app', { scheme: 'http', port: 80 })).toBe(
      'http://hello--acme.towpath.app',
    );
    expect(revisionName('hello', 7)).toBe('hello-00007');
    expect(revisionName('hello', 7, 'blue')).toBe('hello-blue');
    expect(revisionHost('hello-00007', 'hello', 'prj_0abc')).toBe(
      'v-00007--of-hello.prj-0abc.towpath.internal',
    );
  });

  const label = fc.stringMatching(/^[a-z](-?[a-z0-9]){0,40}$/);

  it('fit a DNS label and can be taken apart again, for all good names', () => {
    fc.assert(
      fc.property(fc.option(label, { nil: undefined }), label, label, (tag, service, handle) => {
        fc.pre(handleProblem(handle) === undefined && serviceNameProblem(service) === undefined);
        fc.pre(tag === undefined || (tagProblem(tag) ?? tagLengthProblem(tag, service)) === undefined);
        const first = serviceHost(tag, service, handle, 'localhost').split('.')[0] ?? '';
        expect(first.length).toBeLessThanOrEqual(63);
        const [front = '', back] = first.split(/(?<!-)--(?!-)/);
        expect(back).toBe(handle);
        expect(front.split('---')).toEqual(tag === undefined ? [service] : [tag, service]);
      }),
    );
  });
});
