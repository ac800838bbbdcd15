import type { ServerResponse } from 'node:http';
import type { KubeObject } from '#libs/kube';
import type { FakeReply, SeenRequest } from '#libs/testing';

/** The API server of a cluster that is well, with what the test puts there, by path. */
export class KubeApi {
  readonly there = new Map<string, KubeObject>();
  /** A path whose fields another manager applies. */
  claimed: string | undefined;

  readonly answer = ({ method, path: at, query, body }: SeenRequest): FakeReply => {
    if (at === '/version') return { body: { gitVersion: 'v1.35.0' } };
    if (query.has('watch')) return (response: ServerResponse) => void response.writeHead(200).flushHeaders();
    if (at.includes('/configmaps/')) return { body: method === 'PATCH' ? read(body) : KOURIER };
    if (method === 'PATCH') return this.apply(at, body, query.get('force') === 'false');
    return { body: { items: this.list(at, query), metadata: { resourceVersion: '1' } } };
  };

  private apply(at: string, body: Buffer, isAsked: boolean): FakeReply {
    if (at === this.claimed && isAsked) return CONFLICT;
    this.there.set(at, read(body));
    return { body: this.there.get(at) };
  }

  private list(at: string, query: URLSearchParams): KubeObject[] {
    const name = query.get('fieldSelector')?.replace('metadata.name=', '');
    const [first = ''] = query.get('labelSelector')?.split(',') ?? [];
    const [label = '', value] = first.split('=');
    const last = at.split('/').at(-1) ?? '';
    return [...this.there].flatMap(([path, object]) => {
      const isIn = name === undefined ? path.includes(`/${last}/`) : path === `${at}/${name}`;
      const found = { ...object, metadata: { ...object.metadata, resourceVersion: '1' } };
      return isIn && (label === '' || object.metadata.labels?.[label] === value) ? [found] : [];
    });
  }
}

const read = (body: Buffer): KubeObject => JSON.parse(body.toString()) as KubeObject;
const KOURIER = { metadata: {}, data: { 'ingress-class': 'kourier.ingress.networking.knative.dev' } };
const CONFLICT = {
  status: 409,
  body: {
    ...{ kind: 'Status', code: 409, reason: 'Conflict' },
    details: { causes: [{ field: '.spec.hard.pods', message: 'conflict with "gitops" using v1' }] },
  },
};
