import type { Route, RouteBackend } from '#libs/domain';

/** A revision behind the doors of one local cluster. */
export function testBackend(number: number, percent: number, more: Partial<RouteBackend> = {}): RouteBackend {
  return {
    revisionId: `rev_0000000000000000000${number}`,
    revision: `hello-0000${number}`,
    percent,
    host: `hello-0000${number}.prj.lab`,
    protocol: 'http1',
    timeoutSeconds: 30,
    doors: [{ clusterId: 'cls_00000000000000000001', door: { host: '127.0.0.1', port: 7000 } }],
    ...more,
  };
}

/** A public route of one organization's service. */
export function testRoute(
  host: string,
  version: number,
  backends: RouteBackend[],
  more: Partial<Route> = {},
): Route {
  return {
    schemaVersion: 1,
    host,
    version,
    organizationId: 'org_00000000000000000001',
    projectId: 'prj_00000000000000000001',
    serviceId: 'svc_00000000000000000001',
    access: 'public',
    backends,
    ...more,
  };
}
