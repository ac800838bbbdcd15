import type { KubeConnection } from './connection.js';
import { pathOf, type Kind, type KubeObject } from './kinds.js';
import { KubeError } from './kube.error.js';

export interface Where {
  namespace?: string;
  labels?: string;
  fields?: string;
}

export interface ListPage<T> {
  items: T[];
  resourceVersion: string;
}

/** What is kept of an object; undefined: nothing. A cluster has many, and little of each may matter. */
export type Keep<T> = (object: T) => T | undefined;

export interface ListOptions<T> {
  /** All of each where it is absent. */
  keep?: Keep<T>;
  signal?: AbortSignal;
}

const PAGE = 500;

/** Who of Towpath's writers owns a field: one name per concern. */
export type FieldManager = `towpath-${string}`;

/** Typed requests to one API server. Every failure is a KubeError or the connection's own error. */
export class KubeClient {
  constructor(readonly connection: KubeConnection) {}

  /** Undefined when there is none. */
  get<T extends KubeObject>(kind: Kind, namespace: string | undefined, name: string): Promise<T | undefined> {
    return orUndefined(this.connection.json<T>({ method: 'GET', path: pathOf(kind, namespace, name) }));
  }

  /** All of them, as of one resource version. They come page by page: of each page only what is to be kept stays in memory. */
  async list<T extends KubeObject>(
    kind: Kind,
    where: Where = {},
    { keep = (item) => item, signal }: ListOptions<T> = {},
  ): Promise<ListPage<T>> {
    const all: ListPage<T> = { items: [], resourceVersion: '' };
    for await (const { items, resourceVersion } of this.pages<T>(kind, where, signal)) {
      all.items.push(...items.flatMap((item) => keep(item) ?? []));
      all.resourceVersion = resourceVersion;
    }
    return all;
  }

  private async *pages<T extends KubeObject>(
    kind: Kind,
    where: Where,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<ListPage<T>> {
    let next: string | undefined;
    do {
      const page = await this.connection.json<{
        items: T[];
        metadata: { resourceVersion: string; continue?: string };
      }>({
        method: 'GET',
        path: pathOf(kind, where.namespace),
        query: {
          limit: String(PAGE),
          ...selectors(where),
          ...(next === undefined ? {} : { continue: next }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      // items of a list carry neither kind nor version
      const items = page.items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }));
      yield { items, resourceVersion: page.metadata.resourceVersion };
      next = page.metadata.continue;
    } while (next !== undefined && next !== '');
  }

  /**
   * Server-side apply with strict fields: an unknown field is refused instead of dropped. `force` takes fields over
   * from other writers; without it a conflict is a KubeError with status 409.
   */
  apply<T extends KubeObject>(
    kind: Kind,
    object: KubeObject,
    fieldManager: FieldManager,
    { force = true, dryRun = false } = {},
  ): Promise<T> {
    const { namespace, name } = object.metadata;
    return this.connection.json<T>({
      method: 'PATCH',
      path: pathOf(kind, namespace, name),
      query: {
        fieldManager,
        fieldValidation: 'Strict',
        force: String(force),
        ...(dryRun ? { dryRun: 'All' } : {}),
      },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  }

  /** JSON merge patch of an object that is there; undefined when it is not. */
  merge<T extends KubeObject>(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    fieldManager: FieldManager,
  ): Promise<T | undefined> {
    return orUndefined(
      this.connection.json<T>({
        method: 'PATCH',
        path: pathOf(kind, namespace, name),
        query: { fieldManager, fieldValidation: 'Strict' },
        contentType: 'application/merge-patch+json',
        body: patch,
      }),
    );
  }

  /** False when it was not there. Returns before the object is gone when it has finalizers. */
  async delete(
    kind: Kind,
    namespace: string | undefined,
    name: string,
    propagationPolicy: 'Foreground' | 'Background' = 'Background',
  ): Promise<boolean> {
    const path = pathOf(kind, namespace, name);
    const gone = await orUndefined(
      this.connection.json({
        method: 'DELETE',
        path,
        body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy },
      }),
    );
    return gone !== undefined;
  }
}

export function selectors({ labels, fields }: Where): Record<string, string> {
  return {
    ...(labels === undefined ? {} : { labelSelector: labels }),
    ...(fields === undefined ? {} : { fieldSelector: fields }),
  };
}

async function orUndefined<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof KubeError && error.status === 404) return undefined;
    throw error;
  }
}
