import { RequestHead, responseLines } from './request.head.js';

describe('RequestHead', () => {
  it('hands lines on as they are, in their order, and ends those about the connection', () => {
    const head = new RequestHead([
      ...['Host', 'a.test', 'Cookie', 'a=1', 'connection', 'keep-alive, X-Hop', 'x-hop', '1'],
      ...['Keep-Alive', 'timeout=5', 'Proxy-Connection', 'x', 'cookie', 'b=2', 'Expect', '100-continue'],
      ...['TE', 'trailers', 'upgrade', 'h2c', 'X-Request-Id', 'r'],
    ]);
    expect(head.lines).toEqual([
      ...['Host', 'a.test', 'Cookie', 'a=1', 'cookie', 'b=2', 'TE', 'trailers', 'X-Request-Id', 'r'],
    ]);
    expect([head.host, head.hasBody]).toEqual(['a.test', false]);
  });

  it.each([
    [['content-length', '0'], false],
    [['Content-Length', '3'], true],
    [['transfer-encoding', 'chunked'], true],
    [['content-type', 'text/plain'], false],
  ])('%j has a body: %s', (raw, hasBody) => {
    expect(new RequestHead(raw).hasBody).toBe(hasBody);
  });

  it.each([
    ['content-length', '45'],
    ['Transfer-Encoding', 'chunked'],
    ['Host', 'a.test'],
    ['x-towpath-revision', 'rev_1'],
  ])('hands %s on, whatever Connection says', (name, value) => {
    expect(new RequestHead([name, value, 'Connection', `x, ${name.toLowerCase()}`]).lines).toEqual([
      name,
      value,
    ]);
  });

  it('two Hosts name nobody', () => {
    expect(new RequestHead(['host', 'a', 'Host', 'a']).host).toBeUndefined();
  });

  it('keeps what changes the protocol when it shall', () => {
    const raw = ['host', 'a', 'connection', 'Upgrade', 'upgrade', 'websocket'];
    expect(new RequestHead(raw, true).lines).toEqual(raw);
  });
});

describe('responseLines', () => {
  it('ends what is about the connection and what only we may say', () => {
    const raw = [
      'Connection',
      'close',
      'Transfer-Encoding',
      'chunked',
      'X-Towpath-Not-Reached',
      '1',
      'set-cookie',
      'a=1',
    ];
    expect(responseLines([...raw, 'Set-Cookie', 'b=2'])).toEqual(['set-cookie', 'a=1', 'Set-Cookie', 'b=2']);
  });
});
