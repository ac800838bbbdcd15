/**
 * An HTTP/1.1 load generator, run as a process of its own (fork): raw sockets, one request on its way per connection,
 * as fast as answers come or at a rate. It takes one order at a time as a message and answers with what it counted.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Order {
  /** An address; without: this machine's own. */
  address?: string;
  port: number;
  /** Whole requests as text, sent in turn; `@@@@@@@@` becomes a counter of eight characters, different in each request. */
  requests: string[];
  connections: number;
  millis: number;
  /** Requests a second, over all connections; each is timed from when it was meant to leave. Without: closed loop. */
  perSecond?: number;
}

export interface Count {
  /** Answers with a status of 2xx. */
  requests: number;
  /** All other answers, and broken connections. */
  errors: number;
  /** How many answers had which status. */
  statuses: Record<string, number>;
  /** Milliseconds of each answer of 2xx. */
  times: number[];
}

const HEAD_END = Buffer.from('\r\n\r\n');
const UNIQUE = '@@@@@@@@';
let counter = 0;

/** The requests of an order, ready to be sent. */
class Requests {
  private turn = 0;
  private readonly ready: (() => Buffer)[];

  constructor(texts: string[]) {
    this.ready = texts.map((text) => {
      const whole = Buffer.from(text);
      if (!text.includes(UNIQUE)) return () => whole;
      return () => Buffer.from(text.replaceAll(UNIQUE, (counter++).toString(36).padStart(8, '0')));
    });
  }

  next(): Buffer {
    return (this.ready[this.turn++ % this.ready.length] as () => Buffer)();
  }
}

class Connection {
  #rest: Buffer = Buffer.alloc(0);
  #due = 0;

  constructor(
    private readonly socket: Socket,
    private readonly requests: Requests,
    private readonly count: Count,
    /** The next moment a request may leave, or undefined when it is over. */
    private readonly next: () => number | undefined,
    done: () => void,
  ) {
    socket.setNoDelay(true);
    socket.on('connect', () => this.#ask());
    socket.on('data', (data) => this.#receive(data));
    socket.on('error', () => (count.errors += 1));
    socket.on('close', done);
  }

  #ask(): void {
    const due = this.next();
    if (due === undefined) {
      this.socket.end();
      return;
    }
    this.#due = due;
    const wait = due - performance.now();
    if (wait <= 0) this.#send();
    else setTimeout(() => this.#send(), wait);
  }

  #send(): void {
    this.socket.write(this.requests.next());
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
    const status = text.slice('http/1.1 '.length, 'http/1.1 200'.length);
    this.count.statuses[status] = (this.count.statuses[status] ?? 0) + 1;
    if (status.startsWith('2')) {
      this.count.requests += 1;
      this.count.times.push(performance.now() - this.#due);
    } else {
      this.count.errors += 1;
    }
    this.#ask();
  }
}

/** Says when the next request may leave: at once, or by a clock that does not wait for answers. */
function schedule({ millis, perSecond }: Order): () => number | undefined {
  const start = performance.now();
  const until = start + millis;
  let sent = 0;
  return () => {
    const due = perSecond === undefined ? performance.now() : start + (sent++ * 1_000) / perSecond;
    return due >= until ? undefined : due;
  };
}

async function run(order: Order): Promise<Count> {
  const count: Count = { requests: 0, errors: 0, statuses: {}, times: [] };
  const requests = new Requests(order.requests);
  const next = schedule(order);
  await Promise.all(
    Array.from(
      { length: order.connections },
      () =>
        new Promise<void>((resolve) => {
          new Connection(connect(order.port, order.address ?? '127.0.0.1'), requests, count, next, resolve);
        }),
    ),
  );
  return count;
}

process.on('message', (order: Order) => void run(order).then((count) => process.send?.(count)));
