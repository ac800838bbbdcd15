import { SteppedClock } from '#libs/testing';
import { testBackend, testRoute } from '../testing/routes.js';
import { DeltaStream } from './delta.stream.js';
import type { DeltaRequest, DeltaResponse } from './delta.message.js';
import { DesiredState } from './desired-state.js';
import { EnvoyView } from './envoy-view.js';
import { loadEnvoyTypes, TYPE_URL } from './proto.js';
import { RefusedResources } from './refused.js';
import { PROTO_NAMES } from './resource.js';
import type { ResourceType } from './resource.js';

const types = loadEnvoyTypes();
const CLUSTER = 'cls_00000000000000000001/http1';

/** An Envoy that answers as it is told. */
class Talk {
  readonly clock = new SteppedClock();
  readonly desired = new DesiredState(types, this.clock);
  readonly refused = new RefusedResources(this.clock);
  readonly view = new EnvoyView(this.desired, this.refused);
  readonly sent: DeltaResponse<ResourceType>[] = [];
  readonly refusedAlone: string[] = [];
  readonly stream = this.open();

  open(): DeltaStream {
    return new DeltaStream({
      desired: this.desired,
      view: this.view,
      refused: this.refused,
      events: {
        send: (response) => this.sent.push(response),
        opened: () => undefined,
        acknowledged: () => undefined,
        refused: (_type, names) => names.length === 1 && this.refusedAlone.push(...names),
        later: () => undefined,
      },
    });
  }

  say(type: ResourceType, more: Partial<DeltaRequest> = {}, stream = this.stream): void {
    stream.receive({
      type_url: TYPE_URL + PROTO_NAMES[type],
      resource_names_subscribe: [],
      resource_names_unsubscribe: [],
      initial_resource_versions: {},
      response_nonce: '',
      ...more,
    });
  }

  /** Takes the responses that are there; refuses those with one of these names in them. */
  answer(bad: string[] = []): string[] {
    return this.sent.splice(0).map(({ type, nonce, resources, removed }) => {
      const names = resources.map(({ name }) => name);
      const isBad = names.some((name) => bad.includes(name));
      this.say(type, { response_nonce: nonce, ...(isBad ? { error_detail: { message: 'bad' } } : {}) });
      return `${type} +${names.join('+')} -${removed.join('-')}${isBad ? ' refused' : ''}`;
    });
  }
}

describe('a delta stream', () => {
  it('answers the first request of each type, also with nothing', () => {
    const talk = new Talk();
    talk.say('cluster');
    talk.say('scope');
    expect(talk.answer()).toEqual(['cluster + -', 'scope + -']);
  });

  it('goes cluster, endpoints, scope, and opens no listener before all hosts can be told', () => {
    const talk = new Talk();
    talk.desired.apply(testRoute('a.lab', 1, [testBackend(1, 100)]));
    talk.desired.apply(testRoute('b.lab', 2, [], { access: 'private' }));
    talk.say('scope');
    talk.say('cluster');
    expect(talk.sent.map(({ type }) => type)).toEqual(['cluster']);
    talk.say('endpoints', { resource_names_subscribe: [CLUSTER] });
    expect(talk.answer()).toEqual([`cluster +${CLUSTER} -`, `endpoints +${CLUSTER} -`]);
    expect(talk.answer()).toEqual(['scope +a.lab+b.lab -']);
    expect(talk.view.missing('scope')).toEqual([]);
  });

  it('sends only differences to an Envoy that comes back', () => {
    const talk = new Talk();
    for (const host of ['a.lab', 'b.lab', 'c.lab']) talk.desired.apply(testRoute(host, 1, []));
    const { scope } = talk.desired.resources;
    const held = { 'a.lab': scope.get('a.lab')?.version ?? '', 'b.lab': 'old', 'gone.lab': 'x' };
    talk.say('cluster');
    talk.answer();
    talk.say('scope', { initial_resource_versions: held });
    expect(talk.answer()).toEqual(['scope +b.lab+c.lab -gone.lab']);
  });

  it('finds the bad one in a refused push, and lets all others through', () => {
    const talk = new Talk();
    talk.say('cluster');
    talk.say('scope');
    talk.answer();
    const hosts = ['a', 'b', 'c', 'd', 'e'];
    for (const host of hosts) talk.desired.apply(testRoute(host, 1, []));
    talk.stream.pump();
    for (let turn = 0; turn < 20; turn += 1) talk.answer(['d']);
    expect(talk.refusedAlone).toEqual(['d']);
    expect(talk.view.missing('scope')).toEqual(['d']);
    talk.clock.step(1_001);
    talk.stream.pump();
    expect(talk.answer()).toEqual(['scope +d -']);
  });

  it('does not hold the listener back for a cluster that Envoy refuses', () => {
    const talk = new Talk();
    talk.desired.apply(testRoute('a.lab', 1, [testBackend(1, 100)]));
    talk.desired.apply(testRoute('b.lab', 2, []));
    talk.say('cluster');
    talk.say('scope');
    expect(talk.answer([CLUSTER])).toEqual([`cluster +${CLUSTER} - refused`]);
    expect(talk.answer()).toEqual(['scope +b.lab -']);
  });

  it('takes a cluster away only after its routes, and after a while', () => {
    const talk = new Talk();
    talk.desired.apply(testRoute('a.lab', 1, [testBackend(1, 100)]));
    talk.say('cluster');
    talk.say('endpoints', { resource_names_subscribe: [CLUSTER] });
    talk.say('scope');
    talk.answer();
    talk.answer();
    talk.desired.apply(testRoute('a.lab', 2, [], { deleted: true }));
    expect(talk.desired.sweep()).toBe(10_000);
    talk.stream.pump();
    expect(talk.answer()).toEqual(['scope + -a.lab']);
    talk.clock.step(10_000);
    expect(talk.desired.sweep()).toBeUndefined();
    talk.stream.pump();
    expect(talk.answer()).toEqual([`cluster + -${CLUSTER}`, `endpoints + -${CLUSTER}`]);
  });

  it('sends the endpoints again after a cluster changed, and a moved door as endpoints only', () => {
    const talk = new Talk();
    talk.desired.apply(testRoute('a.lab', 1, [testBackend(1, 100)]));
    talk.say('cluster');
    talk.say('endpoints', { resource_names_subscribe: [CLUSTER] });
    talk.say('scope');
    talk.answer();
    talk.answer();
    const doors = [
      { clusterId: 'cls_00000000000000000001' as const, door: { host: '127.0.0.1', port: 7001 } },
    ];
    talk.desired.apply(testRoute('a.lab', 2, [testBackend(1, 100, { doors })]));
    talk.stream.pump();
    expect(talk.answer()).toEqual([`endpoints +${CLUSTER} -`]);
  });
});
