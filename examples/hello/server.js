import { createServer } from 'node:http';

const { PORT = '8080', GREETING = 'Hello', K_SERVICE = 'hello', K_REVISION = 'unknown' } = process.env;

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://hello');
  const name = searchParams.get('name') ?? 'world';
  const answer = {
    greeting: `${GREETING}, ${name}!`,
    service: K_SERVICE,
    revision: K_REVISION,
    path: pathname,
  };
  const wantsJson = (request.headers.accept ?? '').includes('application/json');
  console.log(`${request.method} ${pathname}`);
  response.setHeader('content-type', wantsJson ? 'application/json' : 'text/plain; charset=utf-8');
  response.end(wantsJson ? JSON.stringify(answer) : `${answer.greeting} This is ${K_REVISION}.\n`);
});

server.listen(Number(PORT), () => console.log(`hello listens on ${PORT}`));

// A stopped instance gets SIGTERM and time to finish what it has begun.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
