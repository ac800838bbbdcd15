/** The stages of `npm test`: what each runs, and a runner that times them and adds their totals up. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { ROOT, inRoot } from './stamp.mjs';
import { nodeBinary } from './setup.mjs';

const CONTRACTS = inRoot('dist/apps/api/src/contracts.main.js');

/** Checks that need no server and no order. */
export const CHECKS = [
  {
    name: 'format',
    args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '--cache', '.'],
  },
  {
    name: 'lint',
    args: [
      'node_modules/eslint/bin/eslint.js',
      '--cache',
      '--cache-location',
      'node_modules/.cache/eslint/',
      '.',
    ],
  },
  { name: 'types', args: ['node_modules/typescript/bin/tsc', '--noEmit'] },
  {
    name: 'rules',
    args: [
      'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      'apps',
      'libs',
      'e2e',
      'bench',
    ],
  },
  { name: 'supply', args: ['tools/supply.mjs'] },
];

/** The committed faces against those that the code makes now. Needs the compiled api. */
export const contractStage = () =>
  existsSync(CONTRACTS) ? [{ name: 'contracts', args: [CONTRACTS, '--check'] }] : [];

/** How many times as much the crashes and the properties do (e2e/support/chance.ts, libs/domain/src/property.rig.ts). */
const RUNS = Math.max(1, Number(process.env.TOWPATH_RUNS ?? 1));

/** Longest life of one test; how fast things must be is said by their deadlines. */
const TEST_SECONDS = {
  unit: 30 * RUNS,
  integration: 60,
  stories: 300,
  crashes: 600 * RUNS,
  ledger: 600 * RUNS,
  replicas: 600 * RUNS,
  fleet: 300,
  disks: 300,
  upgrade: 300,
  cluster: 300,
  parts: 300,
  inside: 300,
  clusters: 300,
  nightly: 3600,
};

/** A suite that hangs must not hang everything. */
const STAGE_MINUTES = {
  unit: 10 * RUNS,
  integration: 12,
  stories: 20,
  crashes: 30 * RUNS,
  ledger: 20 * RUNS,
  replicas: 20 * RUNS,
  fleet: 12,
  disks: 12,
  upgrade: 5,
};

/** Of a failure, how much the summary repeats. */
const FAILURE_LINES = 12;

/** Runs stages and keeps what they gave. */
export class Stages {
  results = [];
  failures = [];
  interrupted = false;

  constructor(temporaryDir) {
    this.temporaryDir = temporaryDir;
  }

  /** A program under our Node; its output is shown when it fails. */
  async check({ name, args }) {
    const begin = Date.now();
    const { code, output } = await runNode(args, { quiet: true });
    this.add({ name, begin, passed: 0, failed: code === 0 ? 0 : 1 });
    if (code !== 0) console.log(output.trimEnd());
  }

  /** Two at a time: each is single-threaded. */
  async checkAll(checks) {
    const waiting = [...checks];
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.check(next);
    };
    await Promise.all([worker(), worker()]);
  }

  /** One of jest's projects; its output is shown while it runs. `title` is another's than that of one that runs at the same time. */
  async jest(
    name,
    {
      title = name,
      patterns = [],
      env = {},
      workers = Math.max(2, availableParallelism() - 1),
      minutes,
    } = {},
  ) {
    const begin = Date.now();
    const report = path.join(this.temporaryDir, `${title}.json`);
    const { code } = await runNode(
      [
        '--disable-warning=ExperimentalWarning',
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        '--ci',
        '--passWithNoTests',
        `--maxWorkers=${workers}`,
        `--testTimeout=${TEST_SECONDS[name] * 1000}`,
        `--outputFile=${report}`,
        '--json',
        '--selectProjects',
        name,
        ...(patterns.length > 0 ? ['--testPathPatterns', ...patterns] : []),
      ],
      { env, minutes: minutes ?? STAGE_MINUTES[name] },
    );
    this.add({ name: title, begin, ...totalsOf(report, code) });
    this.failures.push(...failuresOf(report).map((failure) => `${title} › ${failure}`));
  }

  /** Ends what runs; what comes afterwards is skipped. */
  interrupt() {
    this.interrupted = true;
    for (const child of running) child.kill('SIGTERM');
  }

  add({ name, begin, passed, failed }) {
    const seconds = (Date.now() - begin) / 1000;
    this.results.push({ name, passed, failed, seconds });
    console.log(`${failed === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds.toFixed(1)} s)`);
  }

  /** Work that passes when it does not throw. @returns whether it did */
  async pass(name, work) {
    if (this.interrupted) return false;
    const begin = Date.now();
    return this.guard(name, async () => {
      await work();
      this.add({ name, begin, passed: 0, failed: 0 });
    });
  }

  /** Runs work that is a stage of its own only when it fails, such as starting servers. @returns whether it did not */
  async guard(name, work) {
    const begin = Date.now();
    try {
      await work();
      return true;
    } catch (error) {
      console.log(error.message);
      this.add({ name, begin, passed: 0, failed: 1 });
      return false;
    }
  }

  /** Prints what failed, a line a stage and the totals, which a file named by TOWPATH_TOTALS gets too; returns the exit code. */
  summarize() {
    for (const failure of this.failures) console.log(`\n${failure}`);
    console.log('');
    for (const { name, passed, failed, seconds } of this.results) {
      const counts = passed + failed === 0 ? '' : `${passed} passed, ${failed} failed`;
      console.log(
        `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(20)} ${seconds.toFixed(1).padStart(6)} s  ${counts}`.trimEnd(),
      );
    }
    const sum = (key) => this.results.reduce((total, result) => total + result[key], 0);
    console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
    const { TOWPATH_TOTALS: file } = process.env;
    if (file) appendFileSync(file, `${sum('passed')} ${sum('failed')}\n`);
    return sum('failed') === 0 ? 0 : 1;
  }
}

/** A suite that cannot even be loaded holds no failed test, yet it failed. */
function totalsOf(report, code) {
  if (!existsSync(report)) return { passed: 0, failed: code === 0 ? 0 : 1 };
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = readReport(report);
  const failed = numFailedTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Each test that failed, or suite that could not be loaded, with the beginning of why. */
function failuresOf(report) {
  if (!existsSync(report)) return [];
  return readReport(report).testResults.flatMap(({ name, message, assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed');
    const file = path.relative(ROOT, name);
    const told = failed.map(({ fullName, failureMessages }) => [`${file}: ${fullName}`, failureMessages[0]]);
    const whole = told.length === 0 && message !== '' ? [[file, message]] : told;
    return whole.map(([title, why]) => [title, ...why.split('\n').slice(0, FAILURE_LINES)].join('\n    '));
  });
}

const readReport = (report) => JSON.parse(readFileSync(report, 'utf8'));

const running = new Set();

/** Runs a program under the project's Node. */
export function runNode(args, { env = {}, quiet = false, minutes = 10 } = {}) {
  const bin = inRoot('node_modules/.bin');
  return new Promise((resolve) => {
    const child = spawn(nodeBinary(), args, {
      cwd: ROOT,
      stdio: ['ignore', quiet ? 'pipe' : 'ignore', quiet ? 'pipe' : 'inherit'],
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...env },
    });
    running.add(child);
    const timer = setTimeout(() => {
      console.log(`still running after ${minutes} minutes, stopped: node ${args.at(-1)}`);
      child.kill('SIGKILL');
    }, minutes * 60_000);
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    child.stderr?.on('data', (data) => (output += data));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ code: code ?? 1, signal, output });
    });
  });
}
