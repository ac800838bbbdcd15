import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createLogger, type Logger } from '#libs/process';
import { FakeHttp, kubeconfigOf, until, type FakeReply, type SeenRequest } from '#libs/testing';
import { KubeClient } from './client.js';
import { KubeConnection } from './connection.js';
import { KINDS, pathOf, type KubeObject } from './kinds.js';
import { KubeError } from './kube.error.js';
import { Reflector, type ReflectorOptions } from './reflector.js';

const logger = createLogger('kube-spec', 'silent');

/** A client of a server that answers as the test says. */
async function clientOf(
  answer: (seen: SeenRequest, before: number) => FakeReply,
): Promise<{ client: KubeClient; http: FakeHttp; close: () => Promise<void> }> {
  const http = await FakeHttp.start(answer);
  const { file, remove } = kubeconfigOf(http.url);
  const connection = await KubeConnection.open(file);
  const close = async (): Promise<void> => {
    await connection.close();
    await http.close();
    remove();
  };
  return { client: new KubeClient(connection), http, close };
}

const status = (code: number, reason: string, more: object = {}): FakeReply => ({
  status: code,
  body: { kind: 'Status', status: 'Failure', code, reason, message: `it is ${reason}`, ...more },
});

const pod = (name: string, version: number): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', resourceVersion: String(version) },
});

describe('paths', () => {
  it.each([
    [KINDS.pod, 'n', 'p', '/api/v1/namespaces/n/pods/p'],
    [KINDS.namespace, undefined, 'n', '/api/v1/namespaces/n'],
    [KINDS.knativeService, 'n', undefined, '/apis/serving.knative.dev/v1/namespaces/n/services'],
    [KINDS.networkPolicy, undefined, undefined, '/apis/networking.k8s.io/v1/networkpolicies'],
  ])('of %j', (kind, namespace, name, expected) => expect(pathOf(kind, namespace, name)).toBe(expected));
});

describe('requests', () => {
  it('apply on the server, strictly, as the manager of the concern', async () => {
    const { client, http, close } = await clientOf(() => ({ body: pod('p', 1) }));
    await client.apply(KINDS.pod, pod('p', 0), 'towpath-serving');
    const [seen] = http.seen;
    expect({ method: seen?.method, path: seen?.path, ...Object.fromEntries(seen?.query ?? []) }).toEqual({
      method: 'PATCH',
      path: '/api/v1/namespaces/n/pods/p',
      fieldManager: 'towpath-serving',
      fieldValidation: 'Strict',
      force: 'true',
    });
    expect(seen?.headers).toMatchObject({
      'content-type': 'application/apply-patch+yaml',
      authorization: 'Bearer a-token',
    });
    await close();
  });

  it('read a list page by page', async () => {
    const { client, close } = await clientOf(({ query }) => {
      const rest = query.get('continue') === null;
      return {
        body: {
          metadata: { resourceVersion: '7', ...(rest ? { continue: 'more' } : {}) },
          items: [{ metadata: { name: rest ? 'a' : 'b' } }],
        },
      };
    });
    const { items, resourceVersion } = await client.list(KINDS.pod);
    expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Pod a', 'Pod b']);
    expect(resourceVersion).toBe('7');
    const only = await client.list(KINDS.pod, {}, { keep: onlyB });
    expect(only).toEqual({
      items: [{ kind: 'Pod', apiVersion: 'v1', metadata: { name: 'b' } }],
      resourceVersion,
    });
    await close();
  });

  it('say what the server said, and know what is not there', async () => {
    const { client, close } = await clientOf(({ method }) =>
      method === 'GET'
        ? status(404, 'NotFound')
        : status(429, 'TooManyRequests', { details: { retryAfterSeconds: 3 } }),
    );
    expect(await client.get(KINDS.pod, 'n', 'p')).toBeUndefined();
    const refused = client.apply(KINDS.pod, pod('p', 0), 'towpath-serving');
    await expect(refused).rejects.toMatchObject({
      status: 429,
      reason: 'TooManyRequests',
      message: 'it is TooManyRequests',
      retryAfterMs: 3000,
    });
    expect(KubeError.of(502, '<html>')).toMatchObject({
      status: 502,
      reason: '',
      message: 'The API server answered 502.',
    });
    await close();
  });
});

const onlyB = (object: KubeObject): KubeObject | undefined =>
  object.metadata.name === 'b' ? object : undefined;

/** A server whose watches are written by hand. */
class WatchRig {
  readonly streams: ServerResponse[] = [];
  readonly versions: (string | null)[] = [];
  /** How long each was to last at most, s. */
  readonly lasting: (string | null)[] = [];
  lists = 0;
  items: KubeObject[] = [pod('a', 1)];
  refusal: FakeReply | undefined;

  readonly answer = ({ query }: SeenRequest): FakeReply => {
    if (this.refusal !== undefined) return this.refusal;
    if (query.get('watch') === null) {
      this.lists += 1;
      return { body: { metadata: { resourceVersion: String(10 * this.lists) }, items: this.items } };
    }
    this.versions.push(query.get('resourceVersion'));
    this.lasting.push(query.get('timeoutSeconds'));
    return async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      this.streams.push(response);
      await once(response, 'close');
    };
  };

  write(type: string, object: unknown): void {
    this.streams.at(-1)?.write(`${JSON.stringify({ type, object })}\n`);
  }
}

describe('a reflector', () => {
  let rig: WatchRig;
  let reflector: Reflector<KubeObject>;
  let changes: string[];
  let close: () => Promise<void>;

  async function begin(more: Partial<ReflectorOptions> = {}): Promise<void> {
    rig = new WatchRig();
    changes = [];
    const opened = await clientOf(rig.answer);
    close = opened.close;
    const onList = (): unknown => changes.push('listed');
    const options = { onChange: (key: string) => changes.push(key), onList, random: () => 0, ...more };
    reflector = new Reflector(opened.client, KINDS.pod, {}, logger, options);
    reflector.start();
    await reflector.synced();
    await until(() => rig.streams.length > 0);
  }
  afterEach(async () => {
    await reflector.stop();
    await close();
  });

  it('lists, then follows', async () => {
    await begin();
    rig.write('ADDED', pod('b', 11));
    rig.write('MODIFIED', pod('a', 12));
    rig.write('DELETED', pod('b', 13));
    await until(() => changes.length === 5);
    expect(changes).toEqual(['listed', 'n/a', 'n/b', 'n/a', 'n/b']);
    expect(reflector.all().map(({ metadata }) => metadata.resourceVersion)).toEqual(['12']);
  });

  it('keeps only what is to be kept', async () => {
    await begin({ keep: (object) => (object.metadata.labels ? undefined : object) });
    const labelled = pod('a', 12);
    rig.write('MODIFIED', { ...labelled, metadata: { ...labelled.metadata, labels: {} } });
    rig.write('ADDED', { ...labelled, metadata: { ...labelled.metadata, name: 'b', labels: {} } });
    rig.write('ADDED', pod('c', 14));
    await until(() => changes.length === 4);
    expect(changes).toEqual(['listed', 'n/a', 'n/a', 'n/c']);
    expect(reflector.all().map(({ metadata }) => metadata.name)).toEqual(['c']);
  });

  it('goes on from the last version when a watch ends, bookmarks included', async () => {
    await begin();
    rig.write('BOOKMARK', { metadata: { name: '', resourceVersion: '42' } });
    rig.streams[0]?.end();
    await until(() => rig.streams.length === 2);
    expect([rig.lists, ...rig.versions]).toEqual([1, '10', '42']);
  });

  it('lists anew when its version is too old, and forgets what is gone', async () => {
    await begin();
    rig.items = [pod('c', 19)];
    rig.write('ERROR', { code: 410, reason: 'Expired', message: 'too old' });
    await until(() => reflector.get('n/c') !== undefined);
    expect(reflector.get('n/a')).toBeUndefined();
    expect(changes).toEqual(['listed', 'n/a', 'listed', 'n/a', 'n/c']);
  });

  it('lists anew when its watch breaks: the server may have been given older data', async () => {
    await begin();
    rig.items = [pod('a', 5)];
    rig.streams[0]?.destroy();
    await until(() => rig.streams.length === 2);
    expect(reflector.get('n/a')?.metadata.resourceVersion).toBe('5');
    expect(rig.lists).toBe(2);
  });

  it('gives up a silent watch, and lists anew', async () => {
    await begin({ silenceMs: 300 });
    await until(() => rig.streams.length >= 2);
    expect(rig.lists).toBeGreaterThanOrEqual(2);
  });

  it('forgets nothing while the server refuses', async () => {
    await begin();
    rig.refusal = status(503, 'ServiceUnavailable');
    rig.write('ERROR', { code: 410, reason: 'Expired' });
    await until(() => changes.length === 2);
    expect(reflector.all()).toHaveLength(1);
    rig.refusal = undefined;
    await until(() => rig.lists === 2);
  });
});

describe('watches that break', () => {
  let rig: WatchRig;
  let time: number;
  let failures: unknown[];
  const telling = {
    warn: (about: { failures?: number }) => failures.push(about.failures),
  } as unknown as Logger;
  let reflector: Reflector<KubeObject>;
  let close: () => Promise<void>;

  beforeEach(async () => {
    rig = new WatchRig();
    [time, failures] = [0, []];
    const opened = await clientOf(rig.answer);
    close = opened.close;
    const options = { onChange: () => undefined, random: () => 0, now: () => time };
    reflector = new Reflector(opened.client, KINDS.pod, {}, telling, options);
    reflector.start();
    await until(() => rig.streams.length === 1);
  });
  afterEach(async () => {
    await reflector.stop();
    await close();
  });

  async function breakAfter(...lives: number[]): Promise<void> {
    for (const [nth, lived] of lives.entries()) {
      rig.write('ADDED', pod('b', 100 + nth));
      await until(() => reflector.get('n/b')?.metadata.resourceVersion === String(100 + nth));
      time += lived;
      rig.streams.at(-1)?.destroy();
      await until(() => rig.streams.length === nth + 2);
    }
  }

  it('are failures in a row until one has lived for a while, whatever they told', async () => {
    await breakAfter(1_000, 1_000, 1_000, 60_000, 1_000);
    expect(failures).toEqual([1, 2, 3, 1, 2]);
  });

  it('are broken off on the way: the next end before, and go on without a new list', async () => {
    await breakAfter(60_000, 3_000, 200_000);
    expect(rig.lasting).toEqual(['300', '48', '48', '48']);
    const { lists } = rig;
    rig.streams.at(-1)?.end();
    await until(() => rig.streams.length === 5);
    expect(rig.lists).toBe(lists);
  });
});
