import { Command } from 'commander';
import fc from 'fast-check';
import { containerBody, probeOf } from './container.flags.js';
import { envChanges, fileChanges, secretOf } from './env.flags.js';
import { parsePairs, splitList } from './pairs.js';
import { cpuMillis, durationSeconds, memoryMiB } from './quantity.js';
import { declareSidecarFlags, sidecarsBody, type SidecarFlags } from './sidecar.flags.js';
import { tolerationOf } from './toleration.js';
import { changedTraffic, parsePercents, parseTags, type TrafficFlags } from './traffic.flags.js';

describe('--memory', () => {
  it.each([
    ['512Mi', 512],
    ['1Gi', 1024],
    ['1.5Gi', 1536],
    ['512M', 489],
    ['1G', 954],
    ['1024Ki', 1],
  ])('%s is %i MiB', (text, mib) => expect(memoryMiB(text)).toBe(mib));

  it.each(['', '512', '512mi', '-1Mi', 'Mi', '1e3Mi', '512 Mi', '512MiB'])('refuses %j', (text) => {
    expect(() => memoryMiB(text)).toThrow('--memory');
  });
});

describe('--cpu', () => {
  it.each([
    ['1', 1000],
    ['2', 2000],
    ['500m', 500],
    ['0.5', 500],
    ['0.25', 250],
    ['1.125', 1125],
  ])('%s is %i thousandths', (text, millis) => expect(cpuMillis(text)).toBe(millis));

  it.each(['', 'm', '0.5m', '1.', '.5', '1.2345', '-1', '1,5'])('refuses %j', (text) => {
    expect(() => cpuMillis(text)).toThrow('--cpu');
  });
});

describe('times', () => {
  it.each([
    ['300', 300],
    ['300s', 300],
    ['5m', 300],
    ['1h', 3600],
    ['30d', 2_592_000],
  ])('%s is %i s', (text, seconds) => expect(durationSeconds('--timeout')(text)).toBe(seconds));

  it.each(['', '5 m', '1.5h', 'm', '-5', '5min'])('refuses %j', (text) => {
    expect(() => durationSeconds('--timeout')(text)).toThrow('--timeout');
  });
});

describe('pairs, as gcloud splits them', () => {
  it.each<[string, Record<string, string>]>([
    ['A=1', { A: '1' }],
    ['A=1,B=2', { A: '1', B: '2' }],
    ['A=', { A: '' }],
    ['A=b=c', { A: 'b=c' }],
    ['^:^A=1,2:B=3', { A: '1,2', B: '3' }],
    ['^##^A=1,2##B=a:b', { A: '1,2', B: 'a:b' }],
    ['A=1,A=2', { A: '2' }],
    ['', {}],
  ])('%s', (text, pairs) => expect(Object.fromEntries(parsePairs(text, '--x'))).toEqual(pairs));

  it.each(['A', '=1', 'A=1,b', 'A=1,', '^A=1', '^^A=1'])('refuses %j and names the flag', (text) => {
    expect(() => parsePairs(text, '--set-env-vars')).toThrow('--set-env-vars');
  });

  it('reads back any values behind a delimiter that they do not hold', () => {
    const name = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,8}$/);
    const value = fc
      .string()
      .filter((text) => !text.includes('@@') && !text.endsWith('@') && !text.startsWith('@'));
    fc.assert(
      fc.property(fc.dictionary(name, value, { minKeys: 1 }), (pairs) => {
        const text = `^@@^${Object.entries(pairs)
          .map(([key, one]) => `${key}=${one}`)
          .join('@@')}`;
        expect(Object.fromEntries(parsePairs(text, '--x'))).toEqual({ ...pairs });
      }),
    );
  });

  it('splits a list by comma', () => expect(splitList('a,b', '--x')).toEqual(['a', 'b']));
});

describe('environment as a merge patch', () => {
  const current = [
    { name: 'KEPT', value: '1' },
    { name: 'TOKEN', secret: { name: 'token', version: 1 } },
  ];
  const map = (pairs: Record<string, string>): Map<string, string> => new Map(Object.entries(pairs));

  it.each([
    ['nothing said', {}, undefined],
    [
      'set replaces values only',
      { setEnvVars: map({ A: '1' }) },
      [
        { name: 'KEPT', value: null },
        { name: 'A', value: '1' },
      ],
    ],
    ['set keeps what it names again', { setEnvVars: map({ KEPT: '2' }) }, [{ name: 'KEPT', value: '2' }]],
    ['update only adds', { updateEnvVars: map({ A: '1' }) }, [{ name: 'A', value: '1' }]],
    ['remove', { removeEnvVars: ['KEPT'] }, [{ name: 'KEPT', value: null }]],
    ['clear', { clearEnvVars: true }, [{ name: 'KEPT', value: null }]],
    ['clear secrets', { clearSecrets: true }, [{ name: 'TOKEN', value: null }]],
    [
      'a secret',
      { updateSecrets: map({ S: 'key:3' }) },
      [{ name: 'S', secret: { name: 'key', version: 3 } }],
    ],
    [
      'the latest',
      { updateSecrets: map({ S: 'key:latest' }) },
      [{ name: 'S', secret: { name: 'key', version: 'latest' } }],
    ],
  ])('%s', (_what, flags, changes) => expect(envChanges(flags, current)).toEqual(changes));

  it.each(['key', 'key:', ':1', 'key:new', 'key:-1'])('refuses the secret %j', (text) => {
    expect(() => envChanges({ setSecrets: map({ S: text }) }, [])).toThrow('S');
  });
});

describe('flags of containers', () => {
  it.each([
    ['httpGet.path=/a,periodSeconds=5', { type: 'http', path: '/a', periodSeconds: 5 }],
    ['tcpSocket,failureThreshold=2', { type: 'tcp', failureThreshold: 2 }],
    ['timeoutSeconds=3,grpc', { type: 'grpc', timeoutSeconds: 3 }],
    ['grpc.service=my.Service', { type: 'grpc', service: 'my.Service' }],
    ['', 'none'],
  ])('probe %j', (text, probe) => expect(probeOf('--startup-probe')(text)).toEqual(probe));
  it.each(['periodSeconds=5', 'httpGet.path=/a,tcpSocket', 'httpGet.path=/a,port=1', 'grpc,periodSeconds=x'])(
    'refuses the probe %j and names the flag',
    (text) => expect(() => probeOf('--startup-probe')(text)).toThrow('--startup-probe'),
  );

  it('make the body of a change', () => {
    expect(
      containerBody({ args: [], startupProbe: 'none', livenessProbe: { type: 'tcp' }, removeVolume: ['a'] }),
    ).toEqual({
      args: null,
      probes: { startup: null, liveness: { type: 'tcp' } },
      volumes: [{ name: 'a', mountPath: null }],
    });
    expect(containerBody({ clearVolumes: true })).toEqual({ volumes: null });
    expect(containerBody({})).toEqual({});
  });

  it('secrets whose name is a path are files', () => {
    const setSecrets = new Map([
      ['TOKEN', 'key:1'],
      ['/etc/a/key', 'key:latest'],
    ]);
    const current = [{ path: '/etc/a/old' }];
    expect(envChanges({ setSecrets }, [])).toEqual([{ name: 'TOKEN', secret: { name: 'key', version: 1 } }]);
    expect(fileChanges({ setSecrets }, current)).toEqual([
      { path: '/etc/a/old', secret: null },
      { path: '/etc/a/key', secret: { name: 'key', version: 'latest' } },
    ]);
    expect(fileChanges({ removeSecrets: ['A', '/etc/a/old'] }, current)).toEqual([
      { path: '/etc/a/old', secret: null },
    ]);
    expect(fileChanges({ updateEnvVars: new Map([['A', '1']]) }, current)).toBeUndefined();
  });
});

describe('--sidecar', () => {
  const bodyOf = (...words: string[]): unknown => {
    const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
    declareSidecarFlags(command);
    return sidecarsBody(command.parse(words, { from: 'user' }).opts<SidecarFlags>());
  };

  it('says a container by keys', () =>
    expect(
      bodyOf(
        '--sidecar',
        'name=log,image=r.test/log:1,cpu=100m,memory=64Mi,command=/log -v,env.A.B=c,secret.KEY=key:2,secret./etc/a/key=key:3,mount.v=/in,pull-secret=r',
      ),
    ).toEqual({
      sidecars: [
        {
          name: 'log',
          image: 'r.test/log:1',
          pullSecret: { name: 'r', version: 'latest' },
          command: ['/log', '-v'],
          env: [
            { name: 'A.B', value: 'c' },
            { name: 'KEY', secret: { name: 'key', version: 2 } },
          ],
          files: [{ path: '/etc/a/key', secret: { name: 'key', version: 3 } }],
          resources: { cpuMillis: 100, memoryMiB: 64 },
          mounts: [{ volume: 'v', mountPath: '/in' }],
        },
      ],
    }));

  it('is repeated, taken away and cleared', () => {
    const more = bodyOf(
      '--remove-sidecar',
      'a,b',
      '--sidecar',
      'name=c,image=c',
      '--sidecar',
      'name=d,image=d',
    );
    expect(more).toEqual({
      sidecars: [
        { name: 'a', image: null },
        { name: 'b', image: null },
        { name: 'c', image: 'c' },
        { name: 'd', image: 'd' },
      ],
    });
    expect(bodyOf('--clear-sidecars')).toEqual({ sidecars: null });
    expect(bodyOf()).toEqual({});
  });

  it.each([
    'name=a',
    'image=b',
    'name=a,image=b,port=80',
    'name=a,image=b,env.=c',
    'name=a,image=b,cpu=much',
  ])('refuses %j', (text) => expect(() => bodyOf('--sidecar', text)).toThrow(/--sidecar|--cpu/));
});

describe('a secret of a flag', () => {
  it.each([
    ['registry', { name: 'registry', version: 'latest' }],
    ['registry:latest', { name: 'registry', version: 'latest' }],
    ['registry:3', { name: 'registry', version: 3 }],
  ])('%s', (text, reference) => expect(secretOf('--pull-secret')(text)).toEqual(reference));
  it.each(['', ':1', 'a:b', 'a:1:2'])('refuses %j and names the flag', (text) => {
    expect(() => secretOf('--pull-secret')(text)).toThrow('--pull-secret');
  });
});

describe('traffic', () => {
  const split = [
    { revision: 'a-00001', percent: 60 },
    { revision: 'a-00002', percent: 40 },
    { revision: 'a-00002', percent: 0, tag: 'canary' },
  ];
  const tags = parseTags('--set-tags');

  it.each<[string, TrafficFlags, string]>([
    ['to latest keeps tags', { toLatest: true }, 'latest 100, a-00002 0 canary'],
    [
      'sums to 100',
      { toRevisions: parsePercents('a-00001=90,a-00002=10') },
      'a-00001 90, a-00002 10, a-00002 0 canary',
    ],
    ['LATEST', { toRevisions: parsePercents('LATEST=100') }, 'latest 100, a-00002 0 canary'],
    [
      'the rest keeps its proportions',
      { toRevisions: parsePercents('a-00003=10') },
      'a-00003 10, a-00001 54, a-00002 36, a-00002 0 canary',
    ],
    ['nought takes away', { toRevisions: parsePercents('a-00001=0') }, 'a-00002 100, a-00002 0 canary'],
    ['set tags', { setTags: tags('x=a-00001') }, 'a-00001 60, a-00002 40, a-00001 0 x'],
    ['move a tag', { updateTags: tags('canary=LATEST') }, 'a-00001 60, a-00002 40, latest 0 canary'],
    ['remove a tag', { removeTags: ['canary'] }, 'a-00001 60, a-00002 40'],
    ['clear tags', { clearTags: true }, 'a-00001 60, a-00002 40'],
  ])('%s', (_what, flags, expected) => {
    const lines = changedTraffic(split, flags).map(({ revision, percent, tag }) =>
      [revision, percent, tag ?? ''].join(' ').trim(),
    );
    expect(lines.join(', ')).toBe(expected);
  });

  it('splits a tagged line with percent into both', () => {
    const flags = { updateTags: tags('b=a-00001') };
    expect(changedTraffic([{ revision: 'a-00001', percent: 100, tag: 'old' }], flags)).toEqual([
      { revision: 'a-00001', percent: 100 },
      { revision: 'a-00001', percent: 0, tag: 'old' },
      { revision: 'a-00001', percent: 0, tag: 'b' },
    ]);
  });

  it.each(['a=101', 'a=-1', 'a=1.5', 'a=', 'a', 'a=x'])('refuses %j', (text) => {
    expect(() => parsePercents(text)).toThrow('--to-revisions');
  });

  it('refuses more than 100, less without a rest, and an unknown tag', () => {
    expect(() => changedTraffic(split, { toRevisions: parsePercents('a=60,b=41') })).toThrow('101');
    expect(() => changedTraffic([], { toRevisions: parsePercents('a=60') })).toThrow('rest');
    expect(() => changedTraffic(split, { removeTags: ['nope'] })).toThrow('nope');
  });

  it('always gives whole percents that sum to 100, whatever is asked of whatever split', () => {
    const percents = fc
      .array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 8 })
      .map((weights) => weights.map((weight) => Math.floor((weight * 100) / weights.reduce((a, b) => a + b))))
      .map(([first = 0, ...rest]) => [first + 100 - [first, ...rest].reduce((a, b) => a + b), ...rest]);
    fc.assert(
      fc.property(percents, fc.integer({ min: 0, max: 100 }), (old, asked) => {
        const current = old.map((percent, at) => ({ revision: `r-${at}`, percent }));
        const next = changedTraffic(current, { toRevisions: new Map([['new', asked]]) });
        expect(next.reduce((all, line) => all + line.percent, 0)).toBe(100);
        expect(next.find((line) => line.revision === 'new')?.percent ?? 0).toBe(asked);
        expect(next.every((line) => Number.isInteger(line.percent) && line.percent > 0)).toBe(true);
      }),
    );
  });
});

describe('taints that are tolerated', () => {
  it.each([
    ['nvidia.com/gpu', { key: 'nvidia.com/gpu', operator: 'Exists' }],
    ['gpu=l4', { key: 'gpu', operator: 'Equal', value: 'l4' }],
    ['gpu=:NoExecute', { key: 'gpu', operator: 'Equal', value: '', effect: 'NoExecute' }],
    ['gpu:NoSchedule', { key: 'gpu', operator: 'Exists', effect: 'NoSchedule' }],
  ])('%s', (text, toleration) => expect(tolerationOf(text)).toEqual(toleration));

  it.each(['', '=l4', 'gpu:Never'])('%s is none', (text) =>
    expect(() => tolerationOf(text)).toThrow('--tolerations'),
  );
});
