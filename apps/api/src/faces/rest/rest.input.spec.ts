import { apiOperations } from '../../operations.js';
import { restInput, type RestMessage } from './rest.input.js';

const registry = apiOperations();
const read = (name: string, message: Partial<RestMessage>): unknown =>
  restInput(registry.get(name), { params: {}, query: {}, headers: {}, body: undefined, ...message });

describe('the input of a REST request', () => {
  it('is path, query, body and headers in one object', () => {
    const message = {
      params: { project: 'p', service: 's' },
      query: { wait: '30s' },
      body: { access: 'public' },
      headers: { 'if-match': '"7"' },
    };
    expect(read('services.update', message)).toEqual({
      project: 'p',
      service: 's',
      wait: '30s',
      access: 'public',
      version: '7',
    });
  });

  it('reads a query as its fields declare, and leaves the rest to the check', () => {
    const query = { limit: '5', follow: 'true', revision: '12', since: 'x' };
    expect(read('logs.read', { query })).toMatchObject({
      limit: 5,
      follow: true,
      revision: '12',
      since: 'x',
    });
    expect(read('logs.read', { query: { limit: '5x', follow: 'yes' } })).toMatchObject({
      limit: '5x',
      follow: 'yes',
    });
  });

  it.each<[string, string, Partial<RestMessage>, string]>([
    ['a body that is a list', 'projects.create', { body: [] }, 'body: must be a JSON object'],
    [
      'a body field of the path',
      'services.update',
      { body: { service: 'x' } },
      'service: is given by the path',
    ],
    [
      'a body field in the query',
      'services.update',
      { query: { access: 'public' } },
      'access: is not a known query',
    ],
    [
      'a path field in the query',
      'services.get',
      { query: { service: 'x' } },
      'service: is given by the path',
    ],
  ])('refuses %s', (_what, name, message, reason) => {
    expect(() => read(name, message)).toThrow(reason);
  });
});
