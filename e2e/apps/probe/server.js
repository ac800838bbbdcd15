// What the stories deploy: answers what it sees, sleeps on demand, counts how many requests it serves at once.
const { createHash, randomBytes } = require('node:crypto');
const http = require('node:http');

const instance = randomBytes(4).toString('hex');
let active = 0;
let most = 0;
let served = 0;

const answers = {
  '/': () => ({ greeting: process.env.GREETING ?? 'hello' }),
  '/headers': (request) => ({ headers: request.headers }),
  '/env': (request, query) => ({ value: process.env[query.get('name')] ?? null }),
  '/sleep': async (request, query) => {
    await new Promise((resolve) => setTimeout(resolve, Number(query.get('ms'))));
    return { slept: Number(query.get('ms')) };
  },
  '/log': (request, query) => {
    console.log(query.get('text'));
    return {};
  },
  '/echo': async (request) => {
    let size = 0;
    for await (const chunk of request) size += chunk.length;
    return { size };
  },
};

const server = http.createServer(async (request, response) => {
  active += 1;
  served += 1;
  most = Math.max(most, active);
  const url = new URL(request.url, 'http://instance');
  const answer = answers[url.pathname];
  const body = answer ? await answer(request, url.searchParams) : { path: url.pathname };
  active -= 1;
  response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      ...body,
      revision: process.env.K_REVISION,
      service: process.env.K_SERVICE,
      instance,
      served,
      mostAtOnce: most,
    }),
  );
});

// RFC 6455 with what a test needs: text frames below 126 bytes are echoed, a close frame ends it.
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => socket.destroy());
  socket.on('data', (frame) => {
    const length = frame[1] & 0x7f;
    const mask = frame.subarray(2, 6);
    const data = frame.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]);
    socket.write(Buffer.concat([Buffer.from([frame[0], length]), data]));
    if ((frame[0] & 0x0f) === 0x8) socket.end();
  });
});

server.listen(Number(process.env.PORT), () => console.log(`probe ${instance} listens`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
