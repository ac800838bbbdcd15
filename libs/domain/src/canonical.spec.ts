import fc from 'fast-check';
import { canonical, same } from './canonical.js';

describe('canonical', () => {
  it('says the same whatever the order of keys, at every depth', () => {
    expect(canonical({ b: [{ d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[{"d":1}]}');
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same(undefined, null)).toBe(true);
  });

  it('reads back as what went in', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) =>
        same(JSON.parse(canonical(value)), value),
      ),
    );
  });
});
