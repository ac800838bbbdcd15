import type { Route, RouteBackend, RouteDoor } from '#libs/domain';
import fc from 'fast-check';
import { testBackend, testRoute } from '../testing/routes.js';
import { clusterMessage, doorGroupOf, endpointsMessage, ranked, usesEndpoints } from './door.cluster.js';
import type { DoorGroup } from './door.cluster.js';
import { loadEnvoyTypes } from './proto.js';
import type { Message } from './proto.js';
import { PROTO_NAMES, encodeResource } from './resource.js';
import { scopeMessage } from './route.scope.js';

const METADATA = {
  filter_metadata: {
    towpath: {
      fields: {
        ids: {
          stringValue: 'org_00000000000000000001 prj_00000000000000000001 svc_00000000000000000001',
        },
      },
    },
  },
};
const RETRY = {
  retry_on: 'connect-failure,refused-stream,reset-before-request',
  num_retries: { value: 4 },
  retry_back_off: { base_interval: { nanos: 25_000_000 }, max_interval: { nanos: 500_000_000 } },
};
const limits = (seconds: number) => ({
  timeout: { seconds },
  idle_timeout: { seconds: 0 },
  max_stream_duration: { max_stream_duration: { seconds: seconds + 1 } },
  retry_policy: RETRY,
});
const chosen = (number: number) => ({
  host_rewrite_literal: `hello-0000${number}.prj.lab`,
  request_headers_to_add: [
    {
      header: { key: 'x-towpath-revision', value: `rev_0000000000000000000${number}` },
      append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
    },
  ],
});
const h1 = 'cls_00000000000000000001/http1';
const match = { prefix: '/' };

const table: [string, Route, unknown[]][] = [
  [
    'one revision',
    testRoute('a.lab', 1, [testBackend(1, 100)]),
    [
      {
        match,
        metadata: METADATA,
        route: {
          weighted_clusters: { clusters: [{ name: h1, weight: { value: 100 }, ...chosen(1) }] },
          ...limits(30),
        },
      },
    ],
  ],
  [
    'a split over one cluster of two protocols; what has no share is left out',
    testRoute('a.lab', 1, [testBackend(1, 90), testBackend(2, 10, { protocol: 'h2c' }), testBackend(3, 0)]),
    [
      {
        match,
        metadata: METADATA,
        route: {
          weighted_clusters: {
            clusters: [
              { name: h1, weight: { value: 90 }, ...chosen(1) },
              { name: 'cls_00000000000000000001/h2c', weight: { value: 10 }, ...chosen(2) },
            ],
          },
          ...limits(30),
        },
      },
    ],
  ],
  [
    'different timeouts: cumulative shares, each with its own limit',
    testRoute('a.lab', 1, [testBackend(1, 75), testBackend(2, 25, { timeoutSeconds: 5 })]),
    [1, 2].map((number) => ({
      match: {
        prefix: '/',
        runtime_fraction: {
          default_value: { numerator: number === 1 ? 750_000 : 1_000_000, denominator: 'MILLION' },
        },
      },
      metadata: METADATA,
      request_headers_to_add: chosen(number).request_headers_to_add,
      route: {
        weighted_clusters: {
          clusters: [
            { name: h1, weight: { value: 1 }, host_rewrite_literal: chosen(number).host_rewrite_literal },
          ],
        },
        ...limits(number === 1 ? 30 : 5),
      },
    })),
  ],
];

const refusals: [string, Route, number, string][] = [
  ['without backends', testRoute('a.lab', 1, []), 503, 'UNAVAILABLE'],
  ['without doors', testRoute('a.lab', 1, [testBackend(1, 100, { doors: [] })]), 503, 'UNAVAILABLE'],
  [
    'of a suspended owner',
    testRoute('a.lab', 1, [testBackend(1, 100)], { refusal: 'suspended' }),
    403,
    'PERMISSION_DENIED',
  ],
];

describe('the scope of a host', () => {
  const types = loadEnvoyTypes();

  it.each<[string, Partial<Route>, number, string[], string]>([
    ['has a permit', { capped: true }, 5, ['permit', 'admission-over'], ' l1'],
    ['has none', { capped: true }, 0, ['admission'], ' l1'],
    ['is suspended', { capped: true, refusal: 'suspended' }, 5, [], ''],
    ['has no cap', {}, 5, [], ''],
  ])('of an organization that %s', (_name, more, requests, filters, named) => {
    const scope = scopeMessage(testRoute('a.lab', 1, [testBackend(1, 100)], more), { id: 'l1', requests });
    const { virtual_hosts: hosts } = scope['route_configuration'] as { virtual_hosts: Message[] };
    const [host] = hosts as [Message];
    const switched = Object.keys(host['typed_per_filter_config'] as object);
    expect(switched.filter((name) => name !== 'lower-case-host')).toEqual(filters);
    expect(JSON.stringify(host['routes'])).toContain(`svc_00000000000000000001${named}"`);
  });

  it.each(table)('%s', (_name, route, routes) => {
    expect(scopeMessage(route)).toEqual({
      name: 'a.lab',
      key: { fragments: [{ string_key: 'a.lab' }] },
      route_configuration: {
        name: 'a.lab',
        virtual_hosts: [
          {
            name: 'a.lab',
            domains: ['*'],
            routes,
            typed_per_filter_config: {
              'lower-case-host': {
                '@type': 'envoy.config.route.v3.FilterConfig',
                message: { disabled: true },
              },
            },
          },
        ],
      },
    });
  });

  it('switches the check of callers on for a private host, for its own audience', () => {
    const route = testRoute('a.lab', 1, [], { access: 'private', audience: 'https://a.lab' });
    const filters = (one: Route): string => {
      const { virtual_hosts } = scopeMessage(one)['route_configuration'] as { virtual_hosts: Message[] };
      return JSON.stringify(virtual_hosts[0]?.['typed_per_filter_config']);
    };
    expect(filters(route)).toContain('"exact":"https://a.lab"');
    expect(filters(route)).toContain('PerRouteConfig');
    expect(filters({ ...route, access: 'public' })).not.toContain('audience');
  });

  it.each(refusals)('%s is a refusal with its own words', (_name, route, status, code) => {
    const text = JSON.stringify(scopeMessage(route));
    expect(JSON.parse(text)).toMatchObject({
      route_configuration: { virtual_hosts: [{ routes: [{ direct_response: { status } }] }] },
    });
    expect(text).toContain(`"code":{"stringValue":"${code}"}`);
    expect(text).not.toContain('weighted_clusters');
  });

  it('tries the next door when there is one', () => {
    const doors = ['1', '2'].map((n) => ({
      clusterId: `cls_0000000000000000000${n}` as const,
      door: { host: '10.0.0.1', port: 443 },
    }));
    const text = JSON.stringify(scopeMessage(testRoute('a.lab', 1, [testBackend(1, 100, { doors })])));
    expect(text).toContain('previous_priorities');
  });

  it('loses no field on its way into Envoy', () => {
    const message = scopeMessage(table[1]?.[1] as Route);
    const { encoded } = encodeResource(types, 'scope', 'a.lab', message);
    const { resource } = types.decode(
      'envoy.service.discovery.v3.Resource',
      Buffer.from(encoded, 'latin1'),
    ) as {
      resource: { value: Buffer };
    };
    const back = JSON.parse(JSON.stringify(types.decode(PROTO_NAMES.scope, resource.value))) as {
      route_configuration: { virtual_hosts: { routes: { route: Record<string, unknown> }[] }[] };
    };
    const route = back.route_configuration.virtual_hosts[0]?.routes[0]?.route;
    expect(route).toMatchObject({
      timeout: { seconds: 30 },
      max_stream_duration: { max_stream_duration: { seconds: 31 } },
      retry_policy: { retry_on: RETRY.retry_on, num_retries: { value: 4 } },
      weighted_clusters: {
        clusters: [{ name: h1, host_rewrite_literal: 'hello-00001.prj.lab' }, { weight: { value: 10 } }],
      },
    });
  });

  it('has the same version for the same content, and another for another', () => {
    const version = (route: Route): string =>
      encodeResource(types, 'scope', route.host, scopeMessage(route)).version;
    const route = testRoute('a.lab', 1, [testBackend(1, 100)]);
    expect(version({ ...route, version: 2 })).toBe(version(route));
    expect(version({ ...route, access: 'private' })).not.toBe(version(route));
  });
});

describe('the cluster of doors', () => {
  const door = (host: string) => ({
    clusterId: 'cls_00000000000000000001' as const,
    door: { host, port: 443 },
  });

  const groupOf = (more: Partial<RouteBackend> = {}): DoorGroup => doorGroupOf(testBackend(1, 100, more));

  it.each([
    ['addresses come as endpoints', ['127.0.0.1'], true],
    ['also IPv6', ['::1'], true],
    ['a name is resolved by Envoy', ['door.example.test'], false],
    ['one name among them is enough', ['127.0.0.1', 'door.example.test'], false],
  ])('%s', (_name, hosts, byEndpoints) => {
    const group = groupOf({ doors: hosts.map(door) });
    expect(usesEndpoints(group)).toBe(byEndpoints);
    expect(clusterMessage(group)).toMatchObject({ type: byEndpoints ? 'EDS' : 'STRICT_DNS' });
  });

  it('is shared by revisions of one door; asks how doors are only where there is a choice, for each revision by itself', () => {
    const two = { doors: [door('10.0.0.1'), door('10.0.0.2')] };
    expect(groupOf().name).toBe('cls_00000000000000000001/http1');
    expect(groupOf(two).name).toBe(
      `${testBackend(1, 100).revisionId}/cls_00000000000000000001+cls_00000000000000000001/http1`,
    );
    expect(Object.keys(clusterMessage(groupOf()))).not.toContain('health_checks');
    expect(clusterMessage(groupOf({ ...two, protocol: 'h2c' }))).toMatchObject({
      health_checks: [{ http_health_check: { host: 'canary.towpath.internal', codec_client_type: 'HTTP2' } }],
      outlier_detection: { enforcing_consecutive_5xx: { value: 0 } },
      common_lb_config: { healthy_panic_threshold: { value: 1 } },
    });
  });

  it('asks Knative for the revision where every door is that of a Knative cluster, and never a program', () => {
    const { door: plain, clusterId } = door('10.0.0.1');
    const secure = { clusterId, door: { ...plain, secure: true as const } };
    const asked = (...doors: RouteDoor[]): unknown =>
      (clusterMessage(groupOf({ doors })) as { health_checks: unknown[] }).health_checks[0];
    expect(asked(secure, secure)).toMatchObject({
      http_health_check: {
        host: testBackend(1, 100).host,
        request_headers_to_add: [
          { header: { key: 'k-network-probe', value: 'probe' } },
          { header: { key: 'k-network-hash', value: 'towpath' } },
        ],
        expected_statuses: [{ start: 200, end: 201 }],
      },
    });
    expect(asked(secure, door('10.0.0.2'))).toMatchObject({
      http_health_check: { host: 'canary.towpath.internal', request_headers_to_add: [] },
    });
  });

  const at = (host: string, more: Partial<RouteDoor> = {}): RouteDoor => ({ ...door(host), ...more });
  it.each<[string, RouteDoor[], string[][]]>([
    ['one', [at('a')], [['a']]],
    ['as listed, when no regions are told', [at('a'), at('b')], [['a'], ['b']]],
    ['its own region first', [at('a', { region: 'far' }), at('b', { region: 'own' })], [['b'], ['a']]],
    ['those of one region together', [at('a', { region: 'own' }), at('b', { region: 'own' })], [['a', 'b']]],
    [
      'those of other regions together',
      [at('a', { region: 'far' }), at('b', { region: 'away' }), at('c', { region: 'own' })],
      [['c'], ['a', 'b']],
    ],
    ['others when none is its own', [at('a', { region: 'far' }), at('b', { region: 'away' })], [['a', 'b']]],
    [
      'what stands by last',
      [at('a', { region: 'own', standby: true }), at('b', { region: 'far' })],
      [['b'], ['a']],
    ],
  ])('asks doors in order: %s', (_what, doors, expected) => {
    const hosts = ranked(doors, 'own').map((rank) => rank.map(({ door: { host } }) => host));
    expect(hosts).toEqual(expected);
  });

  it('loses no door and leaves no rank empty', () => {
    const one = fc.record(
      { region: fc.constantFrom('own', 'far', 'away'), standby: fc.constant(true as const) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 6 }), (more) => {
        const doors = more.map((fields, index) => at(`10.0.0.${index}`, fields));
        const ranks = ranked(doors, 'own');
        expect(new Set(ranks.flat())).toEqual(new Set(doors));
        expect(ranks.flat()).toHaveLength(doors.length);
        expect(ranks.every((rank) => rank.length > 0)).toBe(true);
      }),
    );
  });

  it('gives each rank a priority and says whose a door is', () => {
    expect(endpointsMessage(groupOf({ doors: [door('10.0.0.1'), door('10.0.0.2')] }))).toMatchObject({
      endpoints: [
        {
          priority: 0,
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: '10.0.0.1' } } } }],
        },
        { priority: 1, lb_endpoints: [{ metadata: { filter_metadata: { towpath: {} } } }] },
      ],
      policy: { overprovisioning_factor: { value: 200 } },
    });
  });

  it('sends only what may be done twice to another cluster once more', () => {
    const doors = [door('10.0.0.1'), door('10.0.0.2')];
    const route = testRoute('a.lab', 1, [testBackend(1, 100, { doors })]);
    const { route_configuration } = scopeMessage(route) as {
      route_configuration: { virtual_hosts: { routes: Message[] }[] };
    };
    const [twice, once, ...more] = route_configuration.virtual_hosts[0]?.routes ?? [];
    expect(more).toEqual([]);
    expect(twice).toMatchObject({
      match: { headers: [{ string_match: { safe_regex: { regex: 'GET|HEAD|OPTIONS|TRACE|PUT|DELETE' } } }] },
      route: {
        retry_policy: { retry_on: `${RETRY.retry_on},retriable-headers,reset`, num_retries: { value: 1 } },
      },
    });
    expect(once).toMatchObject({
      match: { prefix: '/' },
      route: { retry_policy: { retry_on: `${RETRY.retry_on},retriable-headers`, num_retries: { value: 4 } } },
    });
    expect(once?.['match']).not.toHaveProperty('headers');
  });
});
