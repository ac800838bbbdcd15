import { TowpathError } from '#libs/domain';
import fc from 'fast-check';
import { apiOperations } from '../operations.js';
import { fieldPath, readInput } from './input.js';

const create = apiOperations().get('services.create');

function reasons(raw: unknown): [string, string][] {
  try {
    readInput(create, raw);
    return [];
  } catch (error) {
    if (!(error instanceof TowpathError)) throw error;
    return (error.violations ?? []).map(({ field, message }) => [field, message]);
  }
}

const good = { project: 'p', name: 'a', template: { source: { uploadId: 'upl_0' } } };

describe('an input', () => {
  it('of too many values is refused before it is read, however deep they are', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`) as unknown;
    const reason = [['body', 'must hold at most 5000 values']];
    expect([reasons({ name: deep }), reasons({ name: Array(5_000).fill(0) })]).toEqual([reason, reason]);
  });

  it('of many wrong values is refused with the first hundred reasons', () => {
    const unknown = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}`, at]));
    expect(reasons({ ...good, ...unknown })).toHaveLength(100);
  });

  it('is read when it is good', () => {
    expect(readInput(create, good)).toEqual(good);
  });

  it('is refused with every reason, its field and no value of it', () => {
    const bad = {
      project: 'p',
      name: 7,
      template: {
        concurrency: 5000,
        env: [{ name: 'K_X', value: 'v' }, { name: 'A' }],
        protocol: 'http3',
        x: 1,
      },
      wait: '30',
      y: 2,
    };
    expect(reasons(bad)).toEqual([
      ['name', 'must be of type string'],
      ['template.env[0].name', 'is reserved: Towpath sets PORT and names that start with K_'],
      ['template.env[1]', 'needs exactly one of value and secret'],
      ['template.concurrency', 'must be at most 1000'],
      ['template.protocol', 'must be one of http1, h2c'],
      ['template.x', 'is not a known field'],
      ['wait', 'must be whole seconds like 30s'],
      ['y', 'is not a known field'],
    ]);
    expect(reasons({})).toEqual([
      ['project', 'is required'],
      ['name', 'is required'],
      ['template', 'is required'],
    ]);
    expect(reasons({ ...good, project: 'a\0b' })).toEqual([
      ['project', 'must not contain the character NUL'],
    ]);
  });

  it('never throws anything but reasons, whatever is sent', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (whole, template) => {
        expect(reasons(whole).length).toBeGreaterThan(0);
        reasons({ ...good, template });
      }),
    );
  });

  it('has paths as people write them', () => {
    expect(fieldPath(['template', 'env', 0, 'name'])).toBe('template.env[0].name');
    expect(fieldPath([])).toBe('');
  });
});
