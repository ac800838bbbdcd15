import type { Violation } from '#libs/domain';
import { Fields } from './fields.js';
import { readPullSecrets, type PullSecrets } from './pull-secret.reader.js';

const app = { name: undefined, image: 'r.test/app' };
const log = { name: 'log', image: 'r.test/log' };
const other = { name: 'log', image: 'other.test/log' };
const AT = 'annotations["towpath.dev/pull-secrets"]';

function read(
  listed: (string | undefined)[],
  text: string | undefined,
  pullers: Parameters<typeof readPullSecrets>[2],
): { secrets: PullSecrets; problems: Violation[] } {
  const problems: Violation[] = [];
  const of = new Fields({ imagePullSecrets: listed.map((name) => ({ name })) }, 'spec', problems);
  const subject = new Fields({}, 'annotations', problems);
  return { secrets: readPullSecrets(of, { text, subject }, pullers), problems };
}

describe('pull secrets of a manifest', () => {
  it.each<[string, string[], string | undefined, (typeof log)[], [string, string, number | 'latest'][]]>([
    ['of none are none', [], undefined, [other], []],
    ['of one registry are one', ['r'], undefined, [log], [['app', 'r', 'latest']]],
    [
      'are for the containers that the annotation names',
      ['r', 'o'],
      'app=r:3,log=o',
      [other],
      [
        ['app', 'r', 3],
        ['log', 'o', 'latest'],
      ],
    ],
    ['may be for a sidecar alone', ['o'], 'log=o:2', [other], [['log', 'o', 2]]],
  ])('%s', (_what, listed, text, beside, expected) => {
    const { secrets, problems } = read(listed, text, [app, ...beside]);
    expect(problems).toEqual([]);
    expect([...secrets].map(([container, { name, version }]) => [container, name, version])).toEqual(
      expected,
    );
  });

  it('are known by the name of the container that serves', () =>
    expect([...read(['r'], 'web=r', [{ ...app, name: 'web' }]).secrets.keys()]).toEqual(['web']));

  it.each<[string, (string | undefined)[], string | undefined, (typeof log)[], string]>([
    ['for images of two registries', ['r'], undefined, [other], 'spec.imagePullSecrets[0]'],
    ['of which there are two', ['r', 'o'], undefined, [log], 'spec.imagePullSecrets[0]'],
    ['for a container that is not there', ['r'], 'log=r', [], AT],
    ['that clusters would not pull with', [], 'app=r', [], AT],
    ['for no container', ['r', 'o'], 'app=r', [log], 'spec.imagePullSecrets[1]'],
    ['without a name', [undefined, 'r'], undefined, [log], 'spec.imagePullSecrets[0].name'],
    ['without a secret', ['r'], 'app', [], AT],
    ['of no version', ['r'], 'app=r:x', [], AT],
  ])('%s are refused, and the field is named', (_what, listed, text, beside, field) => {
    const { problems } = read(listed, text, [app, ...beside]);
    expect(problems.map((one) => one.field)).toContain(field);
  });
});
