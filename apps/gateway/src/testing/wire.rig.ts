import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WireRecorder, fieldsOf, readRequests, sendRaw, temporaryFolder, until } from '#libs/testing';
import type { WireRequest } from '#libs/testing';
import { parseLine, type AccessLogLine } from '../usage/access-log.line.js';
import { startEdge, type Edge } from './edge.rig.js';
import { testBackend, testRoute } from './routes.js';

export const [OWN, VICTIM] = ['own--p.lab', 'victim--p.lab'] as const;

/** A real Envoy before a door that notes every byte; two tenants' hosts behind that one door. */
export class WireLab {
  readonly ids = { own: '', victim: '' };
  /** Requests of `othersAreServed` in all. */
  served = 0;

  private constructor(
    readonly recorder: WireRecorder,
    private readonly edge: Edge,
    readonly folder: string,
    private readonly remove: () => void,
  ) {}

  static async start(): Promise<WireLab> {
    const recorder = await WireRecorder.start();
    const folder = temporaryFolder();
    const door = { host: '127.0.0.1', port: recorder.port };
    const doors = [{ clusterId: 'cls_00000000000000000001' as const, door }];
    const own = testRoute(OWN, 1, [testBackend(1, 100, { host: 'own.door', doors })]);
    const victim = testRoute(VICTIM, 2, [testBackend(2, 100, { host: 'victim.door', doors })], {
      organizationId: 'org_00000000000000000002',
      projectId: 'prj_00000000000000000002',
      serviceId: 'svc_00000000000000000002',
    });
    const edge = await startEdge(folder.path, {
      concurrency: 1,
      fill: (desired) => [own, victim].forEach((route) => desired.apply(route)),
    });
    const lab = new WireLab(recorder, edge, folder.path, () => folder.remove());
    for (const [name, route] of Object.entries({ own, victim }))
      lab.ids[name as 'own'] = `${route.organizationId} ${route.projectId} ${route.serviceId}`;
    return lab;
  }

  async stop(): Promise<void> {
    await this.edge.stop();
    await this.recorder.close();
    this.remove();
  }

  get port(): number {
    return this.edge.ports.http;
  }

  get adminPort(): number {
    return this.edge.ports.admin;
  }

  /** Whole requests that the door got. */
  whole(): number {
    return this.recorder.readings().reduce((sum, { requests }) => sum + requests.length, 0);
  }

  /** Every request the door got, also one whose body did not end. */
  heads(): Omit<WireRequest, 'body'>[] {
    return this.recorder.readings().flatMap(({ requests, rest }) => [...requests, ...begun(rest)]);
  }

  /** Another caller gets the answer to what it asked, on the connections that were used before. */
  async othersAreServed(): Promise<void> {
    for (const host of [OWN, VICTIM, OWN]) {
      const target = `/other-${(this.served += 1)}`;
      const enough = ({ text }: { text: string }): boolean => text.includes('saw');
      const { text } = await sendRaw(this.port, [`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`], {
        enough,
      });
      if (!text.endsWith(`saw ${target}`)) throw new Error(`${target} was answered ${text}`);
    }
  }

  lines(): AccessLogLine[] {
    const text = readFileSync(path.join(this.folder, 'envoy.log'), 'utf8');
    return text.split('\n').flatMap((line) => parseLine(line) ?? []);
  }

  /** Waits until every request the door got has its line. */
  async logged(): Promise<void> {
    const missing = (): string[] => {
      const known = new Set(this.lines().map(({ stream }) => stream));
      return this.heads().flatMap((head) => fieldsOf(head, 'x-request-id').filter((id) => !known.has(id)));
    };
    await until(() => missing().length === 0, { what: 'a line for every request', deadlineMs: 15_000 });
  }
}

/** The head of a request whose body has not ended. */
function begun(rest: string): Omit<WireRequest, 'body'>[] {
  const end = rest.indexOf('\r\n\r\n');
  if (end < 0) return [];
  const bare = rest.slice(0, end).replace(/\r\n(content-length|transfer-encoding):[^\r]*/gi, '');
  return readRequests(`${bare}\r\n\r\n`).requests;
}
