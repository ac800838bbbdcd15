import { z } from 'zod';
import { apiOperations } from '../operations.js';
import { defineQuery, type OperationDefinition } from './definition.js';
import { Registry, pathFields } from './registry.js';

const query = (more: Partial<OperationDefinition> = {}): OperationDefinition => ({
  ...defineQuery({
    name: 'things.get',
    permission: 'service.read',
    rest: { method: 'GET', path: '/v1/things/{thing}', status: 200 },
    graphql: 'thing',
    summary: 'One thing.',
    input: z.strictObject({ thing: z.string() }),
    output: z.object({}),
    handler: () => Promise.resolve({}),
  }),
  ...more,
});

describe('the registry', () => {
  it('holds everything the API does, each with a permission', () => {
    const { operations } = apiOperations();
    expect(operations.length).toBeGreaterThan(35);
    for (const { name, permission } of operations)
      expect([name, permission]).toEqual([name, expect.any(String)]);
    const admitting = (admission: string): string[] =>
      operations.filter(({ permission }) => permission === admission).map(({ name }) => name);
    expect(admitting('any')).toEqual(['whoami.get']);
    expect(admitting('anyone').sort()).toEqual([
      'devices.poll',
      'devices.start',
      'invitations.accept',
      'sessions.create',
      'sessions.refresh',
      'trust.get',
    ]);
    expect(admitting('person').sort()).toEqual([
      'devices.decide',
      'devices.get',
      'invitations.join',
      'members.leave',
      'passwords.change',
      'sessions.end',
      'sessions.list',
    ]);
  });

  it.each<[string, OperationDefinition[], string]>([
    ['no permission', [query({ permission: undefined as never })], 'declares no permission'],
    ['an unknown permission', [query({ permission: 'thing.read' as never })], 'declares no permission'],
    ['anyone let in to what is not open', [query({ permission: 'anyone' })], 'must be open exactly'],
    ['what is open to nobody', [query({ open: () => Promise.resolve({}) })], 'must be open exactly'],
    ['one name twice', [query(), query()], 'declared twice'],
    ['one address twice', [query(), query({ name: 'things.other', graphql: 'other' })], 'declared twice'],
    ['a path without its field', [query({ input: z.strictObject({}) })], 'lacks thing'],
  ])('does not boot with %s', (_what, operations, message) => {
    expect(() => new Registry(operations)).toThrow(message);
  });

  it('knows which methods an address takes', () => {
    const registry = new Registry([query()]);
    expect(registry.methodsAt('/v1/things/a')).toEqual(['GET']);
    expect(registry.methodsAt('/v1/things')).toEqual([]);
    expect(registry.methodsAt('/v1/things/a/b')).toEqual([]);
    expect(pathFields('/v1/{a}/b/{c}')).toEqual(['a', 'c']);
  });
});
