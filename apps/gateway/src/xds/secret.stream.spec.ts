import { CertificateIndex } from '../tls/certificate.index.js';
import type { Certificate } from '../tls/certificate.js';
import type { DeltaRequest, DeltaResponse } from './delta.message.js';
import { TYPE_URL, loadEnvoyTypes } from './proto.js';
import { PROTO_NAMES } from './resource.js';
import { SecretStream } from './secret.stream.js';

const types = loadEnvoyTypes();

/** An Envoy that asks for certificates by name. */
class Talk {
  readonly index = new CertificateIndex();
  readonly coming = new Set<string>();
  readonly sent: DeltaResponse[] = [];
  readonly refused: string[] = [];
  readonly stream: SecretStream;

  constructor(maxNames?: number) {
    const parts = {
      types,
      source: (name: string) => this.index.covering(name) ?? (this.coming.has(name) ? 'coming' : undefined),
      send: (response: DeltaResponse) => void this.sent.push(response),
      acknowledged: () => undefined,
      refused: (names: string[]) => void this.refused.push(...names),
    } as const;
    this.stream = new SecretStream(parts, maxNames);
  }

  put(name: string, version: string): void {
    const certificate: Certificate = {
      names: [name],
      version,
      chain: 'c',
      key: 'k',
      serial: version,
      notAfter: 0,
    };
    this.index.put(certificate);
  }

  say(more: Partial<DeltaRequest>): string[] {
    this.stream.receive({
      type_url: TYPE_URL + PROTO_NAMES.secret,
      resource_names_subscribe: [],
      resource_names_unsubscribe: [],
      initial_resource_versions: {},
      response_nonce: '',
      ...more,
    });
    return this.told();
  }

  ask(...names: string[]): string[] {
    return this.say({ resource_names_subscribe: names });
  }

  /** What was sent since, as `+name@version` and `-name`. */
  told(): string[] {
    return this.sent
      .splice(0)
      .flatMap(({ resources, removed }) => [
        ...resources.map(({ name, version }) => `+${name}@${version}`),
        ...removed.map((name) => `-${name}`),
      ]);
  }
}

describe('certificates on demand', () => {
  it('answers a name with its certificate, with the wildcard, or with no', () => {
    const talk = new Talk();
    talk.put('a.x.test', '1');
    talk.put('*.x.test', '2');
    expect(talk.ask('a.x.test')).toEqual(['+a.x.test@1']);
    expect(talk.ask('B.X.test')).toEqual(['+B.X.test@2']);
    expect(talk.ask('c.y.test')).toEqual(['-c.y.test']);
  });

  it('remembers no name it said no to, so that a later certificate serves it', () => {
    const talk = new Talk();
    for (let at = 0; at < 1_000; at += 1) talk.ask(`n${at}.x.test`);
    expect(talk.stream.size).toBe(0);
    talk.put('n1.x.test', '1');
    expect(talk.ask('n1.x.test')).toEqual(['+n1.x.test@1']);
  });

  it('keeps a name waiting while its certificate is coming', () => {
    const talk = new Talk();
    talk.coming.add('a.x.test');
    expect(talk.ask('a.x.test')).toEqual([]);
    talk.put('a.x.test', '1');
    talk.stream.pump();
    expect(talk.told()).toEqual(['+a.x.test@1']);
  });

  it('sends a rotation to every name that holds the former certificate, and to no other', () => {
    const talk = new Talk();
    talk.put('*.x.test', '1');
    talk.put('c.y.test', '1');
    talk.ask('a.x.test', 'b.x.test', 'c.y.test');
    talk.put('*.x.test', '2');
    talk.stream.pump();
    expect(talk.told()).toEqual(['+a.x.test@2', '+b.x.test@2']);
    talk.stream.pump();
    expect(talk.told()).toEqual([]);
  });

  it('lets the oldest names go when there are too many; they may ask again', () => {
    const talk = new Talk(2);
    talk.put('*.x.test', '1');
    talk.ask('a.x.test', 'b.x.test');
    expect(talk.ask('c.x.test')).toEqual(['+c.x.test@1', '-a.x.test']);
    expect(talk.ask('a.x.test')).toEqual(['+a.x.test@1', '-b.x.test']);
    expect(talk.stream.size).toBe(2);
  });

  it('sends an Envoy that comes back only what changed', () => {
    const talk = new Talk();
    talk.put('a.x.test', '1');
    talk.put('b.x.test', '2');
    const names = ['a.x.test', 'b.x.test', 'gone.x.test'];
    const initial_resource_versions = { 'a.x.test': '1', 'b.x.test': '1', 'gone.x.test': '1' };
    expect(talk.say({ resource_names_subscribe: names, initial_resource_versions })).toEqual([
      '+b.x.test@2',
      '-gone.x.test',
    ]);
  });

  it('does not send again what was refused, until it changes', () => {
    const talk = new Talk();
    talk.put('a.x.test', '1');
    talk.stream.receive({
      type_url: '',
      resource_names_subscribe: ['a.x.test'],
      resource_names_unsubscribe: [],
      initial_resource_versions: {},
      response_nonce: '',
    });
    const [{ nonce } = { nonce: '' }] = talk.sent;
    talk.told();
    expect(talk.say({ response_nonce: nonce, error_detail: { message: 'bad' } })).toEqual([]);
    expect(talk.refused).toEqual(['a.x.test']);
    talk.stream.pump();
    expect(talk.told()).toEqual([]);
    talk.put('a.x.test', '2');
    talk.stream.pump();
    expect(talk.told()).toEqual(['+a.x.test@2']);
  });
});
