import fc from 'fast-check';
import { decodeCursor, encodeCursor } from './page.js';

const id = fc.stringMatching(/^[a-z]{2,3}_[a-z0-9]{20}$/);

describe('a cursor', () => {
  it('leads back to where it came from', () => {
    fc.assert(
      fc.property(id, fc.nat(999_999_999), (key, number) => {
        expect(decodeCursor('services.list', 'id', encodeCursor('services.list', key))).toBe(key);
        const cursor = encodeCursor('revisions.list', String(number));
        expect(decodeCursor('revisions.list', 'number', cursor)).toBe(String(number));
      }),
    );
  });

  it('is refused by any other list, and so is any other text', () => {
    fc.assert(
      fc.property(id, fc.string(), (key, text) => {
        const cursor = encodeCursor('services.list', key);
        expect(() => decodeCursor('keys.list', 'id', cursor)).toThrow('is not a cursor of this list');
        expect(() => decodeCursor('services.list', 'number', cursor)).toThrow('is not a cursor of this list');
        expect(() => decodeCursor('services.list', 'id', text)).toThrow('is not a cursor of this list');
      }),
    );
  });
});
