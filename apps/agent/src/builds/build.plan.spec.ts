import { shellCommand, webCommand } from './procfile.js';
import { planBuild } from './build.plan.js';

const pkg = (value: unknown): string => JSON.stringify(value);
const shell = (line: string): string[] => ['/bin/sh', '-c', line];
const NODE = 'export PATH="$PWD/node_modules/.bin:$PATH"; ';

describe('a build plan', () => {
  it.each<[string, Parameters<typeof planBuild>[0], string[][], string[]]>([
    [
      'runs the start script without npm',
      { names: ['package.json'], packageJson: pkg({ scripts: { start: 'node app.js' } }) },
      [],
      shell(`${NODE}exec node app.js`),
    ],
    [
      'keeps prestart and compound scripts',
      {
        names: ['package.json'],
        packageJson: pkg({ scripts: { prestart: 'node prepare', start: 'a && b' } }),
      },
      [],
      shell(`${NODE}node prepare && a && b`),
    ],
    ['takes main', { names: ['package.json'], packageJson: pkg({ main: 'app.js' }) }, [], ['node', 'app.js']],
    [
      'takes server.js',
      { names: ['package.json', 'server.js'], packageJson: '{}' },
      [],
      ['node', 'server.js'],
    ],
    [
      'installs by the lock file, without what only development needs',
      {
        names: ['package.json', 'package-lock.json'],
        packageJson: pkg({ main: 'a.js', dependencies: { x: '1' }, devDependencies: { y: '1' } }),
      },
      [['npm', 'ci', '--omit=dev', '--no-audit', '--no-fund', '--no-update-notifier']],
      ['node', 'a.js'],
    ],
    [
      'builds with everything, then prunes',
      {
        names: ['package.json'],
        packageJson: pkg({ main: 'a.js', scripts: { build: 'tsc' }, devDependencies: { y: '1' } }),
      },
      [
        ['npm', 'install', '--no-audit', '--no-fund', '--no-update-notifier'],
        ['npm', 'run', 'build', '--no-update-notifier'],
        ['npm', 'prune', '--omit=dev', '--no-audit', '--no-fund', '--no-update-notifier'],
      ],
      ['node', 'a.js'],
    ],
    [
      'takes anything by a Procfile',
      { names: ['Procfile', 'server.py'], procfile: 'worker: x\nweb: python3 server.py $PORT\n' },
      [],
      shell('exec python3 server.py $PORT'),
    ],
    [
      'lets a Procfile name the command of a Node application',
      { names: ['Procfile', 'package.json'], procfile: 'web: node b.js', packageJson: pkg({ main: 'a.js' }) },
      [],
      shell(`${NODE}exec node b.js`),
    ],
  ])('%s', (_name, source, steps, command) => {
    expect(planBuild(source)).toMatchObject({ steps, command });
  });

  it.each<[string, Parameters<typeof planBuild>[0], string, RegExp]>([
    [
      'a Dockerfile',
      { names: ['Dockerfile', 'package.json'], packageJson: '{}' },
      'NOT_SUPPORTED',
      /Dockerfile/,
    ],
    ['an empty folder', { names: [] }, 'BUILD_FAILED', /how to build/],
    ['a Procfile without web', { names: ['Procfile'], procfile: 'worker: x' }, 'BUILD_FAILED', /web/],
    [
      'a broken package.json',
      { names: ['package.json'], packageJson: '{' },
      'BUILD_FAILED',
      /cannot be read/,
    ],
    [
      'a package.json that is a list',
      { names: ['package.json'], packageJson: '[]' },
      'BUILD_FAILED',
      /cannot be read/,
    ],
    ['nothing to start', { names: ['package.json'], packageJson: '{}' }, 'BUILD_FAILED', /what to start/],
  ])('refuses %s with one sentence, the field and a next step', (_name, source, code, message) => {
    expect(() => planBuild(source)).toThrow(
      expect.objectContaining({
        code,
        message: expect.stringMatching(message) as string,
        violations: [expect.objectContaining({ field: 'source' })],
        nextStep: expect.any(String) as string,
      }) as Error,
    );
  });
});

describe('a Procfile', () => {
  it.each([
    ['web: ./server', './server'],
    ['# web: no\r\n\r\n  web:   ./server --port $PORT  \r\nworker: x', './server --port $PORT'],
    ['web: a\nweb: b', 'b'],
    ['web:', undefined],
    ['webapp: x', undefined],
    ['', undefined],
  ])('%j gives %j', (text, command) => {
    expect(webCommand(text)).toBe(command);
  });

  it.each([
    ['node a.js', 'exec node a.js'],
    ['A=b node a.js', 'A=b node a.js'],
    ['a | b', 'a | b'],
    ['exec a', 'exec a'],
    ['cd x && a', 'cd x && a'],
  ])('the shell becomes the program when it can: %s', (line, run) => {
    expect(shellCommand(line)).toEqual(['/bin/sh', '-c', run]);
  });
});
