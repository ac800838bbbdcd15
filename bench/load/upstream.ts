/** The cheapest HTTP/1.1 service there can be, run as a process of its own (fork): one fixed answer to every request. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 5\r\n\r\nhello');
const HEAD_END = '\r\n\r\n';

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('data', (data) => {
    let answers = 0;
    for (let at = data.indexOf(HEAD_END); at >= 0; at = data.indexOf(HEAD_END, at + 4)) answers += 1;
    socket.write(answers === 1 ? ANSWER : Buffer.concat(Array.from({ length: answers }, () => ANSWER)));
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
