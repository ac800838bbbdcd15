import { randomUUID } from 'node:crypto';
import type { ApiAnswer } from './api.js';
import type { List, OperationJson } from './faces.js';
import { STILL_MS } from './faults.js';
import type { Tenant } from './tenant.js';
import { until } from './until.js';

/** One answer of the API may take a restart of everything behind it, or as long as that stands still. */
const PATIENCE_MS = 60_000 + STILL_MS;

/** Every fourth deploy brings its source; the others change the environment. */
const UPLOAD_EVERY = 4;

/** What the variable is called that tells one deploy from another; apps answer `/env?name=COUNT` with it. */
export const COUNT = 'COUNT';

const SOURCE = `const text = JSON.stringify({ value: process.env.${COUNT} });
require('node:http').createServer((_request, response) => response.end(text)).listen(process.env.PORT);
process.on('SIGTERM', () => process.exit(0));
`;

/**
 * Deploys without end, one lane a service; asks again, as a client does, until the API has answered. With several APIs
 * each request goes to the next one.
 */
export class Deploys {
  /** What the API accepted. */
  readonly accepted: string[] = [];
  /** The value of COUNT that the last deploy of each service asked for, where it succeeded. */
  readonly served = new Map<string, string>();
  /** From the first try to the end of the longest deploy, ms. */
  longestMs = 0;
  private readonly lanes: Promise<void>[];
  private stopped = false;

  /** @param ways the tenant by way of each API */
  constructor(
    private readonly ways: readonly Tenant[],
    services: readonly string[],
  ) {
    this.lanes = services.map((service) => this.lane(service));
  }

  /** Ends after the deploys in hand have ended. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  /** Resolves when so many more deploys were accepted and have ended. */
  async more(count: number): Promise<void> {
    const goal = this.ended + count;
    await until(`${count} more deploys`, PATIENCE_MS, () => Promise.resolve(this.ended >= goal));
  }

  private ended = 0;

  private turn = 0;

  private get way(): Tenant {
    this.turn += 1;
    const way = this.ways[this.turn % this.ways.length];
    if (!way) throw new Error('no API to ask');
    return way;
  }

  private async lane(service: string): Promise<void> {
    for (let count = 1; !this.stopped; count += 1) {
      const began = Date.now();
      const value = `${service} ${count}`;
      const operation = await this.deploy(service, count, value);
      this.accepted.push(operation.id);
      if ((await this.end(operation.id)) === 'succeeded') this.served.set(service, value);
      else this.served.delete(service);
      this.longestMs = Math.max(this.longestMs, Date.now() - began);
      this.ended += 1;
    }
  }

  private async deploy(service: string, count: number, value: string): Promise<OperationJson> {
    const env = [{ name: COUNT, value }];
    const source = count % UPLOAD_EVERY === 0 ? { source: { uploadId: await this.upload(count) } } : {};
    const answer = await this.untilAnswered<OperationJson>('PATCH', this.way.at(service), {
      template: { env, ...source },
    });
    if (answer.status >= 300) throw new Error(`deploy: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  private upload(count: number): Promise<string> {
    const files = { 'server.js': `${SOURCE}// ${count}\n`, Procfile: 'web: node server.js\n' };
    return until('an upload', PATIENCE_MS, () => this.way.upload(files));
  }

  private end(id: string): Promise<OperationJson['status']> {
    return until(`the end of ${id}`, PATIENCE_MS, async () => {
      const { body } = await this.untilAnswered<OperationJson>('GET', `/v1/operations/${id}`);
      return (body.status === 'succeeded' || body.status === 'failed') && body.status;
    });
  }

  /** Asks again while there is no answer, or one that says to try again. */
  private untilAnswered<T>(method: string, path: string, body?: unknown): Promise<ApiAnswer<T>> {
    const headers = method === 'POST' ? { 'idempotency-key': randomUUID() } : {};
    return until(`${method} ${path}`, PATIENCE_MS, async () => {
      const answer = await this.way.api.request<T>(method, path, body, headers);
      return answer.status < 500 && answer.status !== 409 && answer;
    });
  }
}

/** Every operation of the project, also those whose answer was lost. */
export async function operationsOf(tenant: Tenant): Promise<OperationJson[]> {
  const found: OperationJson[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await tenant.api.ok<List<OperationJson>>(
      'GET',
      `/v1/operations?project=${tenant.project}&limit=100${after}`,
    );
    found.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return found;
}
