import { PrivateAddress, publicAddresses } from './public.addresses.js';

describe('a host that a customer may have asked', () => {
  it.each(['127.0.0.1', '[::1]', 'localhost', '[::ffff:10.0.0.1]', '169.254.169.254'])(
    '%s is refused before it is dialled',
    async (host) => {
      await expect(publicAddresses(host)).rejects.toThrow(PrivateAddress);
    },
  );

  it.each([
    ['1.1.1.1', '1.1.1.1', 4],
    ['[2606:4700::1111]', '2606:4700::1111', 6],
  ])('%s is dialled as it is', async (host, address, family) => {
    expect(await publicAddresses(host)).toEqual([{ address, family }]);
  });
});
