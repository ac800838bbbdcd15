import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  FIELDS,
  entryBytes,
  extendedBytes,
  paxRecord,
  withField,
  type Field,
  type TarEntry,
} from './tar.rig.js';

/** Archives made from whole ones by mutation of entries, headers, order and gzip. */
const HOSTILE_NAMES = [
  ...['./a', 'a//b', 'a/./b', '.', '', '..', '../x', 'a/../../x', 'a/..', '/x', '//x', '/', '../', 'a/b/'],
  ...['\\x', '..\\x', 'C:\\x', 'C:/x', 'a\nb', 'a\rb', 'CON', '~', '~/x', '$HOME', '%2e%2e/x', '..%2fx'],
  ...[
    'x'.repeat(99),
    `${'d/'.repeat(49)}x`,
    '\u202ex',
    '\ufeffx',
    'e\u0301',
    '-rf',
    ' ',
    'a ',
    '.git/config',
  ],
];
const NUMBERS = [
  ...['0', '1', '777', '7777777', '77777777777', '-1', '-7777777', 'zzz', '', '0x10', '8', ' 10', '10 '],
];

const text = fc.oneof(fc.string({ maxLength: 40 }), fc.constant('x'.repeat(3_000)));
const mode = fc.constantFrom(0o644, 0o755, 0o4777, 0, 0o1000);

/** Entries that stand beside each other in peace. */
const honest: fc.Arbitrary<TarEntry> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ path: fc.constantFrom('a', 'c/d', 'c/e', 'f/g/h', 'ä', '日/🙂'), text, mode }),
  },
  fc.record({ path: fc.constantFrom('e', 'c/f', 'f/i'), type: fc.constant('Directory' as const) }),
  fc.record({
    path: fc.constantFrom('l', 'c/l'),
    type: fc.constant('SymbolicLink' as const),
    link: fc.constantFrom('a', 'e', 'c', 'nothing', '.', './a'),
  }),
);
const hostile: fc.Arbitrary<TarEntry> = fc.record({
  path: fc.oneof(fc.constantFrom('a', 'c', 'l/x'), fc.constantFrom(...HOSTILE_NAMES)),
  type: fc.constantFrom('File', 'Directory', 'SymbolicLink', 'Link', 'CharacterDevice', 'FIFO', 'SparseFile'),
  link: fc.constantFrom('a', 'c/d', '.', ...HOSTILE_NAMES),
  text,
  mode,
});

type Mutation = (blocks: Buffer[], at: number) => Buffer[];

const replaced = (blocks: Buffer[], at: number, make: (one: Buffer) => Buffer): Buffer[] =>
  blocks.map((block, index) => (index === at % blocks.length ? make(block) : block));
const inserted = (blocks: Buffer[], at: number, more: Buffer): Buffer[] => [
  ...blocks.slice(0, at % blocks.length),
  more,
  ...blocks.slice(at % blocks.length),
];

const hostileText = fc.constantFrom(...HOSTILE_NAMES, ...NUMBERS, '\0', 'x\0y', '\xff\xfe');
const binarySize = fc.constantFrom(
  '80000000ffffffffffffffff',
  '800000000000000000000010',
  'ffffffffffffffffffffffff',
  '80',
);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(fc.constantFrom(...(Object.keys(FIELDS) as Field[])), hostileText, fc.boolean()).map(
    ([field, text, repair]): Mutation =>
      (blocks, at) =>
        replaced(blocks, at, (one) => withField(one, field, Buffer.from(text), repair)),
  ),
  binarySize.map(
    (hex): Mutation =>
      (blocks, at) =>
        replaced(blocks, at, (one) => withField(one, 'size', Buffer.from(hex, 'hex'))),
  ),
  fc.constantFrom(...'01234567xgLKSDVMNA\0 ').map(
    (type): Mutation =>
      (blocks, at) =>
        replaced(blocks, at, (one) => withField(one, 'type', Buffer.from(type))),
  ),
  fc
    .tuple(
      fc.constantFrom('path', 'linkpath', 'size', 'mtime', 'GNU.sparse.name', 'charset', '__proto__'),
      hostileText,
    )
    .map(
      ([key, text]): Mutation =>
        (blocks, at) =>
          inserted(blocks, at, extendedBytes('x', paxRecord(key, text))),
    ),
  fc.tuple(fc.constantFrom('path', 'size', 'linkpath'), hostileText).map(
    ([key, text]): Mutation =>
      (blocks, at) =>
        inserted(blocks, at, extendedBytes('g', paxRecord(key, text))),
  ),
  fc.tuple(fc.constantFrom('L', 'K'), hostileText).map(
    ([type, text]): Mutation =>
      (blocks, at) =>
        inserted(blocks, at, extendedBytes(type, `${text}\0`)),
  ),
  fc.constantFrom('9999 path=x\n', '0 path=x\n', '-5 path=x\n', 'path=x\n', '7 path\n', '11 path=x').map(
    (text): Mutation =>
      (blocks, at) =>
        inserted(blocks, at, extendedBytes('x', text)),
  ),
  fc.nat(5_000).map(
    (at): Mutation =>
      (blocks) =>
        flipped(blocks, at),
  ),
  fc.nat(5_000).map((length): Mutation => (blocks) => [Buffer.concat(blocks).subarray(0, length)]),
  fc.constant<Mutation>((blocks, at) => inserted(blocks, at, Buffer.alloc(1024))),
  fc.constant<Mutation>((blocks, at) => inserted(blocks, at, Buffer.alloc(512))),
  fc.constant<Mutation>((blocks) => [...blocks, ...blocks]),
  fc.constant<Mutation>((blocks) => [...blocks].reverse()),
  fc.constant<Mutation>((blocks, at) =>
    inserted(blocks, at, entryBytes({ path: 'big', text: 'x'.repeat(60_000) })),
  ),
  fc.constant<Mutation>((blocks) => [
    ...blocks,
    ...Array.from({ length: 50 }, (_, at) => entryBytes({ path: `many/${at}` })),
  ]),
);

function flipped(blocks: Buffer[], at: number): Buffer[] {
  const whole = Buffer.from(Buffer.concat(blocks));
  whole[at % whole.length] = (whole[at % whole.length] ?? 0) ^ 0xff;
  return [whole];
}

/** What is done to the gzip around it. */
const packing: fc.Arbitrary<(tar: Buffer) => Buffer> = fc.oneof(
  { weight: 8, arbitrary: fc.constant((tar: Buffer) => gzipSync(tar)) },
  fc.nat(4_000).map((at) => (tar: Buffer) => flipped([gzipSync(tar)], at)[0] as Buffer),
  fc.nat(4_000).map((length) => (tar: Buffer) => gzipSync(tar).subarray(0, length)),
  fc.constant((tar: Buffer) => Buffer.concat([gzipSync(tar), gzipSync(tar)])),
  fc.constant((tar: Buffer) => Buffer.concat([gzipSync(tar), Buffer.from('behind')])),
  fc.constant((tar: Buffer) => gzipSync(gzipSync(tar))),
  fc.constant((tar: Buffer) => tar),
  fc.constant((tar: Buffer) => gzipSync(Buffer.concat([tar, Buffer.alloc(200_000)]))),
);

/** A tar, and what it is packed in. */
export interface MutatedArchive {
  tar: Buffer;
  packed: Buffer;
}

export const mutatedArchive: fc.Arbitrary<MutatedArchive> = fc
  .record({
    entries: fc.uniqueArray(honest, { minLength: 1, maxLength: 6, selector: ({ path }) => path }),
    more: fc.array(hostile, { maxLength: 2, size: '-1' }),
    mutations: fc.array(fc.tuple(mutation, fc.nat(10)), { maxLength: 3, size: '-1' }),
    pack: packing,
  })
  .map(({ entries, more, mutations, pack }) => {
    const whole = [...entries, ...more].map(entryBytes);
    const blocks = mutations.reduce((made, [mutate, at]) => mutate(made, at), whole);
    const tar = Buffer.concat([...blocks, Buffer.alloc(1024)]);
    const packed = pack(tar);
    return { tar, packed, [fc.toStringMethod]: () => packed.toString('base64') };
  });
