import { lstat, mkdir, mkdtemp, readFile, readdir, readlink, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { TowpathError } from '#libs/domain';
import { mutatedArchive } from './archive.mutations.rig.js';
import { checkArchive, unpackArchive, type ArchiveReport } from './archive.js';
import { readPlainTar, type TreeEntry } from './tar.rig.js';

/**
 * Nothing is ever written outside of the folder or beyond the bounds, and what is taken is what a second reader reads.
 * TOWPATH_RUNS multiplies how many are tried.
 */
const RUNS = 150 * Number(process.env['TOWPATH_RUNS'] ?? 1);
const SEED = Number(process.env['TOWPATH_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const LIMITS = { entries: 40, unpackedBytes: 50_000, ratio: 100, ratioFromBytes: 20_000 };

interface Outcome {
  /** What an accepted archive holds. */
  report?: ArchiveReport;
  /** Why it was refused. */
  reasons?: string[];
}

/** Whatever is no answer in order (another error, no end) fails the test. */
async function outcomeOf(work: Promise<ArchiveReport>): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('it does not end')), 10_000);
  });
  try {
    return { report: await Promise.race([work, late]) };
  } catch (error) {
    if (!(error instanceof TowpathError && error.code === 'INVALID_ARGUMENT')) throw error;
    return { reasons: (error.violations ?? []).map(({ message }) => message) };
  } finally {
    clearTimeout(timer);
  }
}

async function treeOf(folder: string, below = ''): Promise<Map<string, TreeEntry>> {
  const tree = new Map<string, TreeEntry>();
  for (const name of await readdir(join(folder, below))) {
    const path = below === '' ? name : `${below}/${name}`;
    const found = await lstat(join(folder, path));
    if (found.isDirectory()) {
      tree.set(path, { kind: 'folder', text: '' });
      for (const [inner, one] of await treeOf(folder, path)) tree.set(inner, one);
    } else if (found.isSymbolicLink())
      tree.set(path, { kind: 'link', text: await readlink(join(folder, path)) });
    else tree.set(path, { kind: 'file', text: await readFile(join(folder, path), 'utf8') });
  }
  return tree;
}

async function expectInside(folder: string, tree: Map<string, TreeEntry>): Promise<void> {
  expect(await readdir(dirname(folder))).toEqual(['in']);
  const written = [...tree.values()].reduce((sum, { text }) => sum + text.length, 0);
  expect(written).toBeLessThanOrEqual(2 * LIMITS.unpackedBytes);
  for (const [path, { kind }] of tree) {
    if (kind !== 'link') continue;
    const target = await realpath(join(folder, path)).catch(() => folder);
    expect(`${target}/`.startsWith(`${folder}/`)).toBe(true);
  }
}

interface Tried extends Outcome {
  checked: Outcome;
  /** Checked again, from packets of this size. */
  inPackets: Outcome;
  tree: Map<string, TreeEntry>;
}

/** Unpacks in a folder of its own and looks at everything that stands there and beside it afterwards. */
async function tryIt(bytes: Buffer, packet: number): Promise<Tried> {
  const outside = await realpath(await mkdtemp(join(tmpdir(), 'towpath-mutation-')));
  const folder = join(outside, 'in');
  await mkdir(folder);
  try {
    const unpacked = await outcomeOf(unpackArchive(Readable.from([bytes]), folder, LIMITS));
    const checked = await outcomeOf(checkArchive(Readable.from([bytes]), LIMITS));
    const inPackets = await outcomeOf(checkArchive(Readable.from(packetsOf(bytes, packet)), LIMITS));
    const tree = await treeOf(folder);
    await expectInside(folder, tree);
    return { ...unpacked, checked, inPackets, tree };
  } finally {
    await rm(outside, { recursive: true });
  }
}

function* packetsOf(bytes: Buffer, size: number): Iterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

it(
  'an archive is refused in order, or unpacked as a second reader reads it; never outside, never without end',
  async () => {
    const counts = { tried: 0, taken: 0, compared: 0, reasons: new Set<string>() };
    await fc.assert(
      fc.asyncProperty(mutatedArchive, fc.constantFrom(1, 7, 100, 100), async ({ tar, packed }, packet) => {
        const { report, reasons, checked, inPackets, tree } = await tryIt(packed, packet);
        counts.tried += 1;
        for (const reason of reasons ?? []) counts.reasons.add(reason.replace(/^`[^]*`: /, ''));
        expect([checked.report, inPackets.report]).toEqual([report, report]);
        if (!report) return;
        counts.taken += 1;
        const plain = packed.equals(gzipSync(tar)) ? readPlainTar(tar) : undefined;
        if (!plain) return;
        counts.compared += 1;
        expect([...tree].sort()).toEqual([...plain].sort());
      }),
      { numRuns: RUNS, seed: SEED },
    );
    console.log(
      `seed ${SEED}: ${counts.tried} archives, ${counts.taken} taken, ${counts.compared} compared, ${counts.reasons.size} reasons`,
    );
    expect(counts.reasons.size).toBeGreaterThan(4);
    expect(counts.compared).toBeGreaterThan(RUNS / 20);
  },
  30_000 + 200 * RUNS,
);
