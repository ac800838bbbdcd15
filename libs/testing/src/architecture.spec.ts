import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './environment.js';

interface Planted {
  file: string;
  source: string;
  /** Rules that must find it. */
  rules: string[];
}

const use = (module: string): string =>
  `import * as found from '${module}';\nexport const planted = found;\n`;
const useType = (module: string, type: string): string =>
  `import type { ${type} } from '${module}';\nexport type Planted = ${type};\n`;

const PLANTED: Planted[] = [
  { file: 'apps/cli/src/room.ts', source: use('#libs/store'), rules: ['room'] },
  { file: 'apps/gateway/src/type-only.ts', source: useType('#libs/store', 'Statement'), rules: ['room'] },
  { file: 'apps/gateway/src/app.ts', source: use('../../billing/src/owner.js'), rules: ['room'] },
  { file: 'apps/api/src/testing.ts', source: use('#libs/testing'), rules: ['room'] },
  { file: 'libs/store/src/sideways.ts', source: use('#libs/bus'), rules: ['room'] },
  { file: 'libs/process/src/upward.ts', source: use('../../../apps/billing/src/owner.js'), rules: ['room'] },
  { file: 'e2e/stories/inside.story.ts', source: use('#libs/domain'), rules: ['spec'] },
  { file: 'libs/domain/src/service/store.spec.ts', source: use('#libs/store'), rules: ['spec'] },
  { file: 'apps/api/src/door.ts', source: use('../../../libs/store/src/statement.js'), rules: ['door'] },
  { file: 'libs/bus/src/own.ts', source: use('#libs/bus'), rules: ['own-door'] },
  { file: 'libs/process/src/own.ts', source: use('./index.js'), rules: ['own-door'] },
  { file: 'apps/billing/src/owner.ts', source: use('pg'), rules: ['owner'] },
  { file: 'apps/api/src/ownerless.ts', source: use('chokidar'), rules: ['owner'] },
  { file: 'apps/api/src/undeclared.ts', source: use('semver'), rules: ['declared', 'owner'] },
  { file: 'libs/domain/src/service/io.ts', source: use('node:fs'), rules: ['pure'] },
  { file: 'libs/domain/src/service/package.ts', source: use('rxjs'), rules: ['owner', 'pure'] },
  {
    file: 'libs/domain/src/access/order.ts',
    source: useType('../billing/billing.types.js', 'never'),
    rules: ['order'],
  },
  { file: 'libs/domain/src/concept/new.ts', source: use('../id.js'), rules: ['order'] },
  { file: 'libs/domain/src/first.ts', source: use('./usage/usage.types.js'), rules: ['order'] },
  // a circle is reported once, at the first file of it
  { file: 'libs/bus/src/circle-a.ts', source: use('./circle-b.js'), rules: ['no-circular'] },
  { file: 'libs/bus/src/circle-b.ts', source: use('./circle-a.js'), rules: [] },
  { file: 'apps/billing/src/nowhere.ts', source: use('./absent.js'), rules: ['resolvable'] },
  { file: 'libs/utils/src/index.ts', source: use('node:path'), rules: ['roomed'] },
  { file: 'apps/billing/src/helpers/sum.ts', source: use('node:path'), rules: ['named'] },
  { file: 'apps/billing/src/rates.service.ts', source: use('node:path'), rules: ['named'] },
  // and what is allowed stays silent
  { file: 'apps/gateway/src/allowed.spec.ts', source: use('#libs/testing'), rules: [] },
  { file: 'apps/billing/src/allowed.ts', source: use('#libs/store'), rules: [] },
  { file: 'libs/domain/src/billing/allowed.ts', source: use('../usage/usage.types.js'), rules: [] },
  { file: 'e2e/stories/allowed.story.ts', source: use('#libs/testing'), rules: [] },
];

interface Report {
  summary: { violations: { rule: { name: string }; from: string }[] };
}

function cruise(directory: string): Promise<Report> {
  const program = path.join(directory, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [
    program,
    '--config',
    '.dependency-cruiser.mjs',
    '--output-type',
    'json',
    'apps',
    'libs',
    'e2e',
    'bench',
  ];
  const options = { cwd: directory, maxBuffer: 1 << 28 };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      // the exit code is the number of violations
      if (stdout === '') reject(new Error(stderr, { cause: error }));
      else resolve(JSON.parse(stdout) as Report);
    });
  });
}

function plantAll(directory: string): void {
  const isSource = (file: string): boolean => path.extname(file) === '' || file.endsWith('.ts');
  for (const room of ['apps', 'libs'])
    cpSync(room, path.join(directory, room), { recursive: true, filter: isSource });
  for (const file of ['package.json', 'tsconfig.json', 'architecture.json', '.dependency-cruiser.mjs']) {
    cpSync(file, path.join(directory, file));
  }
  symlinkSync(path.resolve('node_modules'), path.join(directory, 'node_modules'));
  mkdirSync(path.join(directory, 'bench'));
  for (const { file, source } of PLANTED) {
    mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    writeFileSync(path.join(directory, file), source);
  }
}

describe('the dependency rules', () => {
  const folder = temporaryFolder();
  afterAll(() => folder.remove());

  it('find every planted violation and nothing in what is allowed', async () => {
    plantAll(folder.path);
    const { violations } = (await cruise(folder.path)).summary;
    const found = PLANTED.map(({ file }) => ({
      file,
      rules: [...new Set(violations.filter(({ from }) => from === file).map(({ rule }) => rule.name))].sort(),
    }));
    expect(found).toEqual(PLANTED.map(({ file, rules }) => ({ file, rules })));
  }, 60_000);
});
