import { publicOrigin } from './public-origin.js';

describe('where services are reached', () => {
  it.each([
    [
      { TOWPATH_PUBLIC_SCHEME: 'http', TOWPATH_GATEWAY_PORT: 8081, TOWPATH_GATEWAY_TLS_PORT: 8082 },
      'http',
      8081,
    ],
    [
      { TOWPATH_PUBLIC_SCHEME: 'https', TOWPATH_GATEWAY_PORT: 8081, TOWPATH_GATEWAY_TLS_PORT: 8082 },
      'https',
      8082,
    ],
  ] as const)('%j: %s at %d', (config, scheme, port) => {
    expect(publicOrigin(config)).toEqual({ scheme, port });
  });

  it('is refused without a port for https', () => {
    const config = { TOWPATH_PUBLIC_SCHEME: 'https', TOWPATH_GATEWAY_PORT: 8081 } as const;
    expect(() => publicOrigin(config)).toThrow('TOWPATH_PUBLIC_SCHEME needs TOWPATH_GATEWAY_TLS_PORT');
  });
});
