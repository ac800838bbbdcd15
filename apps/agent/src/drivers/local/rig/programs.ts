/** Small servers the specs run as instances. Each is a whole program for Node. */
const SERVE = `server.listen(process.env.PORT);`;

/** Answers how many requests it has at most had at a time, and holds `/hold?ms=` that long. */
export const COUNTING = `
import { createServer } from 'node:http';
let active = 0, most = 0;
const server = createServer((req, res) => {
  active += 1; most = Math.max(most, active);
  const { pathname, searchParams } = new URL(req.url, 'http://x');
  setTimeout(() => {
    active -= 1;
    res.setHeader('x-towpath-not-reached', '1');
    res.end(JSON.stringify({ pid: process.pid, most, revision: process.env.K_REVISION, env: process.env, path: pathname }));
  }, Number(searchParams.get('ms') ?? 0));
});
${SERVE}`;

/** Sends its body back as it comes, then a trailer. */
export const ECHO = `
import { createServer } from 'node:http';
const server = createServer((req, res) => {
  res.writeHead(200, { trailer: 'x-sum', 'x-forwarded': req.headers['x-forwarded-for'] ?? '' });
  let sum = 0;
  req.on('data', (chunk) => { sum += chunk.length; res.write(chunk); });
  req.on('end', () => { res.addTrailers({ 'x-sum': String(sum) }); res.end(); });
});
server.on('upgrade', (req, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n');
  socket.write(head);
  socket.pipe(socket);
});
${SERVE}`;

/** The shape of gRPC over h2c: echoes messages, ends with trailers; /reset resets at once, /half in the middle, /error is trailers only. */
export const GRPC = `
import { createServer } from 'node:http2';
const server = createServer();
server.on('stream', (stream, headers) => {
  stream.on('error', () => undefined);
  if (headers[':path'] === '/reset') return stream.close(11);
  if (headers[':path'] === '/error') {
    return stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
  }
  if (headers[':path'] === '/half') {
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    return stream.write('half', () => stream.close(2));
  }
  if (headers[':path'] === '/watch') stream.on('close', () => console.log('closed with ' + stream.rstCode));
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': 'done' }));
  stream.pipe(stream);
});
${SERVE}`;

export const CRASHING = `console.error('cannot find the moon'); process.exit(3);`;
/** Listens, but not where it was asked to. */
export const ELSEWHERE = `
import { createServer } from 'node:http';
const server = createServer(() => undefined);
server.listen(0, () => console.log('port ' + server.address().port));`;
/** Takes no notice of SIGTERM and has a child that does not either. */
export const STUBBORN = `
import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
process.on('SIGTERM', () => console.log('not now'));
const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1000)']);
const server = createServer((req, res) => res.end(String(child.pid)));
${SERVE}`;
/** Grows by so many MiB as it is asked for. */
export const GREEDY = `
import { createServer } from 'node:http';
const kept = [];
const server = createServer((req, res) => {
  kept.push(Buffer.alloc(Number(new URL(req.url, 'http://x').searchParams.get('mib') ?? 0) * 1048576, 1));
  res.end('more');
});
${SERVE}`;
/** Serves, then ends by itself when asked to. */
export const LEAVING = `
import { createServer } from 'node:http';
const server = createServer((req, res) => {
  res.end('bye');
  if (req.url === '/exit') setTimeout(() => process.exit(9), 20);
});
${SERVE}`;

/** Answers the first request of each connection, and breaks off at the second: its idle connections are all stale. */
export const ONCE_EACH = `
import { createServer } from 'node:http';
const used = new WeakSet();
const server = createServer((req, res) => {
  if (used.has(req.socket)) return req.socket.destroy();
  used.add(req.socket);
  setTimeout(() => res.end('first'), 300);
});
// no hint how long an idle connection lasts: none ends by itself
server.keepAliveTimeout = 0;
${SERVE}`;
