// Speaks h2c and answers as a gRPC server does: the status comes in trailers.
const http2 = require('node:http2');

const server = http2.createServer();
server.on('stream', (stream) => {
  const parts = [];
  stream.on('data', (part) => parts.push(part));
  stream.on('end', () => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '5', 'grpc-message': 'not found' }));
    stream.end(Buffer.concat(parts));
  });
});
server.listen(Number(process.env.PORT));
process.on('SIGTERM', () => process.exit(0));
