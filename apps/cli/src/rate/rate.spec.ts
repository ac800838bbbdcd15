import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Io } from '../io.js';
import { runTow } from '../main.js';
import { linesOf } from './lines.js';
import { sortedLines } from './sorted.lines.js';

const PRICES = join(import.meta.dirname, '../../../../docs/prices');
const RUN = join(PRICES, 'cloud-run-requests.yaml');
const EXAMPLE = join(PRICES, 'usage/example.ndjson');

class Memory extends Writable {
  text = '';
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tow-rate-spec-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** `tow admin rate`, in the folder of the test. */
async function rate(...words: string[]): Promise<{ exit: number; out: string; err: string }> {
  const [stdout, stderr] = [new Memory(), new Memory()];
  const { signal } = new AbortController();
  const clock = { now: () => 0 };
  const every = () => () => undefined;
  const io = { env: {}, cwd: folder, home: folder, version: '1', stdout, stderr, clock, every, signal };
  const exit = await runTow(['admin', 'rate', ...words], io as unknown as Io);
  return { exit, out: stdout.text, err: stderr.text };
}

async function file(name: string, content: string): Promise<string> {
  await writeFile(join(folder, name), content);
  return name;
}

const revision =
  '{"kind":"revision","id":"rev","organizationId":"org","serviceId":"svc","cpuMillis":1000,"memoryMiB":512,"concurrency":1,"maxInstances":1000}';
const request = (startMs: number, more = ''): string =>
  `{"kind":"request","revisionId":"rev","startMs":${startMs},"endMs":${startMs + 200}${more}}`;
const NOVEMBER = Date.UTC(2026, 10, 1);

describe('tow admin rate', () => {
  it('prints charges as a table, and what it read on stderr', async () => {
    const { exit, out, err } = await rate('--plan', RUN, '--usage', EXAMPLE);
    expect(exit).toBe(0);
    expect(out).toMatch(/^ORGANIZATION +MONTH +ITEM/);
    expect(out).toMatch(/org_a +2026-11 +cpu +600071.5 +vCPU-s +14.401716 +10.081716 +10.08/);
    expect(out).toMatch(/total .* 10.48 USD/);
    expect(err).toContain('14 records, 0 of them repeated, 1 not billable.');
  });

  it.each([
    ['builtin', '0.0000048'],
    ['memory-ticks', '0.00000165'],
  ])('knows the built-in plan %s', async (plan, cost) => {
    const { out } = await rate(
      '--plan',
      plan,
      '--usage',
      await file('one', `${revision}\n${request(NOVEMBER)}`),
      '--json',
    );
    const [line] = (JSON.parse(out) as { lines: { amount: string }[] }).lines;
    expect(line?.amount).toBe(cost);
  });

  it('prints D1 of the published vectors as JSON, exact and rounded', async () => {
    const usage = await file('d1', `${revision}\n${request(NOVEMBER, ',"repeat":10000000')}\n`);
    const { exit, out } = await rate('--plan', RUN, '--usage', usage, '--json');
    expect(exit).toBe(0);
    const answer = JSON.parse(out) as Record<string, never[]>;
    expect(answer).toMatchObject({
      plans: [{ id: 'cloud-run-requests', version: 1, effectiveFrom: '2020-01-01T00:00:00.000Z' }],
      usage: { records: 2, duplicates: 0, notBillable: 0, coldStarts: 0 },
      months: [{ organizationId: 'org', month: '2026-11', total: '48.48', due: '48.48' }],
    });
    expect(answer['lines']?.[0]).toMatchObject({
      revisionId: 'rev',
      item: 'cpu',
      quantity: '2000000',
      amount: '48',
    });
  });

  it('gives the same bytes whatever the order of lines, and however often each comes', async () => {
    const lines = (await readFile(EXAMPLE, 'utf8')).trim().split('\n');
    const expected = await rate('--plan', RUN, '--usage', EXAMPLE, '--json');
    const named = lines.filter((line) => line.includes('"id"'));
    const usage = await file('shuffled', ['', ...lines.toReversed(), ...named].join('\r\n'));
    const got = await rate('--plan', RUN, '--usage', usage, '--json');
    const parse = (text: string) => JSON.parse(text) as { lines: unknown; months: unknown; usage: unknown };
    expect(parse(got.out).usage).toEqual({
      records: 14 + named.length,
      duplicates: named.length,
      notBillable: 1,
      coldStarts: 0,
    });
    expect([parse(got.out).lines, parse(got.out).months]).toEqual([
      parse(expected.out).lines,
      parse(expected.out).months,
    ]);
  });

  it('rates by the versions of a plan, each in its time', async () => {
    const plan = await readFile(join(PRICES, 'fly.yaml'), 'utf8');
    const second = plan
      .replace('version: 1', 'version: 2')
      .replace('2024-01-01T00:00:00Z', '2026-11-16T00:00:00Z')
      .replace("amount: '29'", "amount: '58'");
    const plans = await file('plans.yaml', `${plan}\n---\n${second}`);
    const end = Date.UTC(2026, 11, 1);
    const usage = await file(
      'usage',
      `{"kind":"subscription","organizationId":"org","startMs":${NOVEMBER},"endMs":${end}}`,
    );
    const { out } = await rate('--plan', plans, '--usage', usage, '--json');
    const [month] = (JSON.parse(out) as { months: { charges: unknown[]; due: string }[] }).months;
    expect(month?.due).toBe('43.50');
    expect(month?.charges).toMatchObject([
      { version: 1, quantity: '0.5', amount: '14.5' },
      { version: 2, quantity: '0.5', amount: '29' },
    ]);
  });

  it.each([
    [[], '20'],
    [['--from', '2026-11-02'], '10'],
    [['--to', '2026-11-02T00:00:00Z'], '10'],
    [['--from', '2026-11-01', '--to', '2026-11-02'], '10'],
  ])('rates only the time asked for: %j', async (words, quantity) => {
    const days = [NOVEMBER, NOVEMBER + 86_400_000].map((at) => request(at, ',"repeat":50'));
    const usage = await file('days', [revision, ...days].join('\n'));
    const { out } = await rate('--plan', RUN, '--usage', usage, '--json', ...words);
    const [month] = (JSON.parse(out) as { months: { charges: { quantity: string }[] }[] }).months;
    expect(month?.charges[0]?.quantity).toBe(quantity);
  });
});

describe('what is wrong with a usage file is told by its line, and nothing is rated', () => {
  it.each<[string, string[], string]>([
    ['no JSON', [revision, '{"kind":'], 'line 2: is not JSON'],
    ['no object', [revision, '', '[]'], 'line 3: usage: must be an object'],
    ['an unknown kind', [revision, '{"kind":"guess"}'], 'line 2: kind: must be one of revision, request'],
    [
      'an end before the start',
      [revision, request(NOVEMBER, ',"endMs":5')],
      'line 2: endMs: must be after startMs',
    ],
    [
      'a price in it',
      [revision, request(NOVEMBER, ',"cost":1')],
      'line 2: cost: is not a field of a request',
    ],
    [
      'an unknown revision',
      [request(NOVEMBER)],
      'line 1: revisionId: is a revision that no entry before it describes',
    ],
    [
      'a number that lost digits',
      [`{"kind":"count","organizationId":"o","startMs":1,"counter":"x","quantity":1e30}`],
      'line 1: quantity: must be a whole number',
    ],
    [
      'one identity twice',
      [revision, request(NOVEMBER, ',"id":"a"'), request(NOVEMBER, ',"id":"a","status":500')],
      'line 3: id: is the id of another entry',
    ],
    ['usage before the plan', [revision, request(5)], 'line 2: startMs: lies before version 1 of the plan'],
    [
      'a line without an end',
      [revision, `"${'x'.repeat(70_000)}`],
      'line 2: is longer than 65536 characters',
    ],
    [
      'a wrong line among unsorted ones',
      [revision, request(NOVEMBER + 9), request(NOVEMBER), '{}'],
      'line 4: kind',
    ],
  ])('%s', async (_name, lines, message) => {
    const usage = await file('usage', lines.join('\n'));
    const { exit, out, err } = await rate('--plan', RUN, '--usage', usage, '--json');
    expect([exit, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it.each<[string, string, string]>([
    ['no YAML', 'a: [', 'is neither YAML nor JSON'],
    ['nothing', '', 'there is no price plan'],
    ['a text', 'hello', 'must be an object'],
    ['a rate as a number', '{"items":[{"rate":0.1}]}', 'items[0].rate'],
  ])('a plan of %s', async (_name, text, message) => {
    const plan = await file('plan', text);
    const { exit, out, err } = await rate('--plan', plan, '--usage', EXAMPLE, '--json');
    expect([exit, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  it.each([
    ['--from', 'yesterday', '--from must be a day'],
    ['--from', '2026-02-30', '--from must be a day'],
    ['--usage', 'missing.ndjson', 'no such file'],
    ['--plan', 'missing.yaml', 'no such file'],
  ])('%s %s', async (flag, value, message) => {
    const { exit, err } = await rate('--plan', RUN, '--usage', EXAMPLE, flag, value);
    expect(exit).not.toBe(0);
    expect(err).toContain(message);
  });
});

describe('sorting with bounded memory', () => {
  const { signal } = new AbortController();
  const keyOf = ({ text }: { text: string }): number => Number(text.split(' ')[0]);

  it('merges runs, keeps the numbers of lines, and leaves nothing behind', async () => {
    const lines = Array.from({ length: 5_003 }, (_one, i) => `${(i * 7_919) % 1_009} line ${i + 1}`);
    const path = join(folder, await file('lines', lines.join('\n')));
    const got: { number: number; text: string }[] = [];
    for await (const page of sortedLines(path, keyOf, signal, { runLines: 97, temporary: folder }))
      got.push(...page);
    expect(got.map(({ text }) => text)).toEqual(
      lines.toSorted((a, b) => keyOf({ text: a }) - keyOf({ text: b })),
    );
    expect(got.every(({ number, text }) => lines[number - 1] === text)).toBe(true);
    expect(await readdir(folder)).toEqual(['lines']);
  });

  it('reads lines across the borders of chunks, in any script', async () => {
    const lines = Array.from({ length: 40_000 }, (_one, i) => `${i} ${'žluťoučký '.repeat(i % 7)}${i}`);
    const path = join(folder, await file('lines', lines.join('\n')));
    const got: string[] = [];
    for await (const page of linesOf(path, signal)) got.push(...page.map(({ text }) => text));
    expect(got).toEqual(lines);
  });
});
