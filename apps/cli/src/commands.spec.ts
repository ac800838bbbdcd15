import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { COMMANDS } from './commands.js';
import { runTow } from './main.js';
import type { Io } from './io.js';
import { Writable } from 'node:stream';

const THE_CONTRACT_ITSELF = 'GET /v1/openapi.json';
const CONTRACT = join(import.meta.dirname, '../../../contracts/openapi.json');

interface Contract {
  paths: Record<string, Record<string, unknown>>;
}

function help(words: string): Promise<{ exit: number; out: string }> {
  let out = '';
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      out += chunk.toString();
      done();
    },
  });
  const io = { env: {}, cwd: '/', home: '/', version: '1', stdout: sink, stderr: sink } as unknown as Io;
  return runTow([...words.split(' ').filter(Boolean), '--help'], io).then((exit) => ({ exit, out }));
}

describe('every command', () => {
  it.each(['', ...new Set(COMMANDS.flatMap(({ words }) => [words.split(' ')[0] ?? '', words]))])(
    'tow %s --help says how it is used',
    async (words) => {
      const { exit, out } = await help(words);
      expect(exit).toBe(0);
      expect(out).toContain(`Usage: tow ${words}`.trimEnd());
      const flags = [...out.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag);
      expect(flags).toContain('--help');
      expect(flags.filter((flag, at) => flags.indexOf(flag) !== at)).toEqual([]);
    },
  );

  it.each(COMMANDS.map((entry) => [entry.words, entry] as const))(
    '%s describes each argument and flag',
    async (_words, entry) => {
      const leaf = new Command();
      (await entry.load()).declare(leaf);
      for (const { description } of [...leaf.options, ...leaf.registeredArguments])
        expect(description).not.toBe('');
    },
  );
});

describe('the contract', () => {
  const contract = JSON.parse(readFileSync(CONTRACT, 'utf8')) as Contract;
  const operations = [...operationsOf(contract), THE_CONTRACT_ITSELF];

  it('is reachable from the command line as a whole, and commands call nothing else', async () => {
    const specs = await Promise.all(COMMANDS.map((entry) => entry.load()));
    const called = new Set(specs.flatMap((spec) => spec.calls));
    expect(operations.filter((one) => !called.has(one))).toEqual([]);
    expect([...called].filter((one) => !operations.includes(one))).toEqual([]);
  });
});

/** `GET /v1/projects/{project}` and so on; what does not begin with /v1 is no face for programs. */
function operationsOf(contract: Contract): string[] {
  return Object.entries(contract.paths)
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`));
}
