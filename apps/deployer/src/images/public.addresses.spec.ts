import { PrivateAddress, isPublicAddress, publicAddresses } from './public.addresses.js';

describe('an address that a customer may have asked', () => {
  it.each([
    ['1.1.1.1', true],
    ['172.15.255.255', true],
    ['172.32.0.1', true],
    ['2606:4700::1111', true],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['172.16.0.1', false],
    ['192.168.1.1', false],
    ['198.19.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['::ffff:10.0.0.1', false],
    ['::ffff:1.1.1.1', false],
    ['64:ff9b::a00:1', false],
    ['fc00::1', false],
    ['fe80::1', false],
    ['2001:db8::1', false],
    ['2002:a00:1::', false],
    ['no address', false],
  ])('%s: %s', (address, isPublic) => expect(isPublicAddress(address)).toBe(isPublic));

  it.each(['127.0.0.1', '[::1]', 'localhost'])('%s is refused before it is dialled', async (host) => {
    await expect(publicAddresses(host)).rejects.toThrow(PrivateAddress);
  });
});
