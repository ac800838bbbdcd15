import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { temporaryFolder, until } from '#libs/testing';
import { ask } from '../testing/ask.js';
import { startEdge, type Edge } from '../testing/edge.rig.js';
import { startIngress, type TestIngress } from '../testing/ingress.js';
import { testBackend, testRoute } from '../testing/routes.js';

const HOST = 'capped--p.lab';
const PERMIT = 20;

describe('a permit, counted by a real Envoy', () => {
  const folder = temporaryFolder();
  let edge: Edge;
  let ingress: TestIngress;
  let beside: Server;
  /** Of each question the permit that is over. */
  const asked: (string | undefined)[] = [];

  const show = async (id: string, requests: number): Promise<void> => {
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: ingress.port } },
    ];
    edge.desired.permit(HOST, { id, requests });
    edge.desired.apply(testRoute(HOST, 1, [testBackend(1, 100, { doors })], { capped: true }));
    edge.xds.changed();
    await until(() => edge.xds.view.missing('scope').length === 0, { what: 'the permit in Envoy' });
  };
  const get = (): Promise<unknown> =>
    ask({ port: edge.ports.http, host: HOST, headers: { 'x-towpath-permit-over': 'forged' } });

  beforeAll(async () => {
    ingress = await startIngress();
    edge = await startEdge(folder.path, {});
    beside = createServer((request, response) => {
      asked.push(request.headers['x-towpath-permit-over'] as string | undefined);
      response.writeHead(200).end();
    });
    await new Promise<void>((resolve) => {
      beside.listen(path.join(folder.path, 'admission.sock'), resolve);
    });
  }, 60_000);
  afterAll(async () => {
    await edge.stop();
    await ingress.close();
    beside.closeAllConnections();
    beside.close();
    folder.remove();
  });
  beforeEach(() => void asked.splice(0));

  it('asks for each request without one', async () => {
    await show('one', 0);
    await Promise.all(Array.from({ length: 5 }, get));
    expect(asked).toEqual(Array.from({ length: 5 }, () => undefined));
  });

  it('lets exactly that many in, and asks for the rest; anew with every permit', async () => {
    for (const id of ['two', 'three']) {
      asked.splice(0);
      await show(id, PERMIT);
      await Promise.all(Array.from({ length: PERMIT + 7 }, get));
      expect(asked).toEqual(Array.from({ length: 7 }, () => id));
    }
    expect(ingress.seen.length).toBeGreaterThanOrEqual(2 * PERMIT);
    expect(ingress.seen.filter(({ headers }) => 'x-towpath-permit-over' in headers)).toEqual([]);
  });
});
