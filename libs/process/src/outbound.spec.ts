import { PrivateAddress, askOutside } from './outbound.js';

const ended = AbortSignal.abort();

describe('a server that a customer named', () => {
  it.each(['127.0.0.1', '[::1]', 'localhost', '[::ffff:10.0.0.1]', '169.254.169.254'])(
    '%s is refused before it is dialled',
    async (host) => {
      const asked = {
        method: 'GET',
        headers: {},
        reach: 'public',
        signal: AbortSignal.timeout(10_000),
      } as const;
      await expect(askOutside(new URL(`http://${host}:9/`), asked)).rejects.toThrow(PrivateAddress);
    },
  );

  it.each(['1.1.1.1', '[2606:4700::1111]'])('%s would be dialled', async (host) => {
    const asked = { method: 'GET', headers: {}, reach: 'public', signal: ended } as const;
    await expect(askOutside(new URL(`https://${host}/`), asked)).rejects.toThrow('aborted');
  });
});
