import fc from 'fast-check';
import { API_KEY_BYTES, apiKeyPreview, formatApiKey, isApiKey } from './api-key.js';

const bytes = fc.uint8Array({ minLength: API_KEY_BYTES, maxLength: API_KEY_BYTES });

describe('the text of an API key', () => {
  it('has a form and a checksum', () => {
    const key = formatApiKey(new Uint8Array(API_KEY_BYTES).fill(255));
    expect(key).toMatch(/^tow_[0-9A-Za-z]{49}$/);
    expect(isApiKey(key)).toBe(true);
    expect(apiKeyPreview(key)).toHaveLength(10);
    expect(() => formatApiKey(new Uint8Array(20))).toThrow(RangeError);
  });

  it('is recognized for all bytes, keeps them apart, and not with one character changed', () => {
    fc.assert(
      fc.property(bytes, bytes, fc.nat(52), (one, other, position) => {
        const key = formatApiKey(one);
        expect(isApiKey(key)).toBe(true);
        expect(key === formatApiKey(other)).toBe(Buffer.compare(one, other) === 0);
        const changed = key[position] === 'A' ? 'B' : 'A';
        expect(isApiKey(key.slice(0, position) + changed + key.slice(position + 1))).toBe(false);
      }),
    );
  });

  it.each(['', 'tow_', 'tow_abc', 'Bearer x', `tow_${'0'.repeat(49)}`, `xow_${'0'.repeat(49)}`])(
    'is not %j',
    (text) => {
      expect(isApiKey(text)).toBe(false);
    },
  );
});
