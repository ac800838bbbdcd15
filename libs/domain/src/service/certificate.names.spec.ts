import { certificateName, certificateNameProblem, coveringNames } from './certificate.names.js';

describe('the name of a certificate', () => {
  it.each([
    ['hello--acme.towpath.app', 'towpath.app', '*.towpath.app'],
    ['t---hello--acme.run.example.org', 'run.example.org', '*.run.example.org'],
    ['hello--acme.localhost', 'localhost', 'hello--acme.localhost'],
    ['www.customer.test', 'towpath.app', 'www.customer.test'],
    ['a.b.towpath.app', 'towpath.app', 'a.b.towpath.app'],
  ])('of %s below %s is %s', (host, domain, name) => {
    expect(certificateName(host, domain)).toBe(name);
  });

  it.each([
    ['*.towpath.app', 'towpath.app', undefined],
    ['hello--acme.localhost', 'localhost', undefined],
    ['*.localhost', 'localhost', 'is a wildcard that no client would accept'],
    ['bank.example', 'towpath.app', 'must be one label below towpath.app'],
    ['a.b.towpath.app', 'towpath.app', 'must be one label below towpath.app'],
    ['towpath.app', 'towpath.app', 'must be one label below towpath.app'],
    ['eviltowpath.app', 'towpath.app', 'must be one label below towpath.app'],
    ['-a.towpath.app', 'towpath.app', 'is not a host name'],
    ['A.towpath.app', 'towpath.app', 'is not a host name'],
    ['*a.towpath.app', 'towpath.app', 'is not a host name'],
    ['.towpath.app', 'towpath.app', 'is not a host name'],
  ])('%s below %s: %s', (name, domain, problem) => {
    expect(certificateNameProblem(name, domain)).toBe(problem);
  });

  it.each([
    ['Hello.Towpath.app', ['hello.towpath.app', '*.towpath.app']],
    ['localhost', ['localhost']],
    ['.x', ['.x']],
  ])('%s is covered by %j', (host, names) => {
    expect(coveringNames(host)).toEqual(names);
  });
});
