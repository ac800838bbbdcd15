/**
 * A closed-loop HTTP/1.1 load generator, run as a process of its own (fork): raw sockets, one request on its way per
 * connection. It takes one order at a time as a message and answers with what it counted.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Order {
  port: number;
  hosts: string[];
  connections: number;
  millis: number;
}

export interface Count {
  requests: number;
  /** Answers that were not 200, and broken connections. */
  errors: number;
}

const HEAD_END = Buffer.from('\r\n\r\n');

class Connection {
  #rest: Buffer = Buffer.alloc(0);
  #turn: number;

  constructor(
    private readonly socket: Socket,
    private readonly requests: Buffer[],
    private readonly count: Count,
    private readonly until: number,
    first: number,
    done: () => void,
  ) {
    this.#turn = first;
    socket.setNoDelay(true);
    socket.on('connect', () => this.#ask());
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => (count.errors += 1));
    socket.on('close', done);
  }

  #ask(): void {
    if (performance.now() >= this.until) this.socket.end();
    else this.socket.write(this.requests[this.#turn++ % this.requests.length] as Buffer);
  }

  #receive(data: Buffer): void {
    const all = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    const head = all.indexOf(HEAD_END);
    if (head < 0) {
      this.#rest = all;
      return;
    }
    const text = all.toString('latin1', 0, head).toLowerCase();
    const length = Number(/content-length: (\d+)/.exec(text)?.[1] ?? 0);
    if (all.length < head + HEAD_END.length + length) {
      this.#rest = all;
      return;
    }
    this.#rest = Buffer.alloc(0);
    if (text.startsWith('http/1.1 200')) this.count.requests += 1;
    else this.count.errors += 1;
    this.#ask();
  }
}

async function run({ port, hosts, connections, millis }: Order): Promise<Count> {
  const count: Count = { requests: 0, errors: 0 };
  const requests = hosts.map((host) =>
    Buffer.from(`GET / HTTP/1.1\r\nhost: ${host}\r\nuser-agent: bench\r\n\r\n`),
  );
  const until = performance.now() + millis;
  await Promise.all(
    Array.from(
      { length: connections },
      (_one, index) =>
        new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1');
          new Connection(socket, requests, count, until, index * 7, resolve);
        }),
    ),
  );
  return count;
}

process.on('message', (order: Order) => void run(order).then((count) => process.send?.(count)));
