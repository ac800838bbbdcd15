import { Header } from 'tar';

const BLOCK = 512;

/** Offsets and lengths of the fields of a ustar header (POSIX.1-1988). */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;
export type Field = keyof typeof FIELDS;

export type TarKind =
  'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO' | 'SparseFile';

export interface TarEntry {
  path: string;
  type?: TarKind;
  link?: string;
  text?: string;
  mode?: number;
}

/** Header and body of one entry. */
export function entryBytes({ path, type = 'File', link, text = '', mode = 0o644 }: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const size = type === 'File' || type === 'SparseFile' ? Buffer.byteLength(text) : 0;
  new Header({ path, type, size, mode, ...(link === undefined ? {} : { linkpath: link }) }).encode(block, 0);
  const body = Buffer.alloc(Math.ceil(size / BLOCK) * BLOCK);
  body.write(text);
  return Buffer.concat([block, body]);
}

/** An extended header: `x` and `g` hold pax records, `L` and `K` a long name or link of GNU. */
export function extendedBytes(type: 'x' | 'g' | 'L' | 'K', text: string): Buffer {
  const whole = entryBytes({ path: 'PaxHeader', text });
  return withField(whole, 'type', Buffer.from(type));
}

export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const length = (digits: number): number => digits + Buffer.byteLength(rest);
  const digits = [1, 2, 3, 4, 5, 6].find((count) => String(length(count)).length === count) ?? 1;
  return `${length(digits)}${rest}`;
}

/** The first header with a field overwritten and, unless told otherwise, a checksum that is right again. */
export function withField(bytes: Buffer, field: Field, value: Buffer, repair = true): Buffer {
  const changed = Buffer.from(bytes);
  const [at, length] = FIELDS[field];
  changed.fill(0, at, at + length);
  value.copy(changed, at, 0, Math.min(length, value.length));
  return repair ? withChecksum(changed) : changed;
}

function withChecksum(bytes: Buffer): Buffer {
  bytes.write(`${checksumOf(bytes).toString(8).padStart(6, '0')}\0 `, FIELDS.checksum[0]);
  return bytes;
}

/** The sum of the header's bytes, its own field read as spaces. */
function checksumOf(bytes: Buffer): number {
  const [at, length] = FIELDS.checksum;
  return bytes
    .subarray(0, BLOCK)
    .reduce((total, byte, index) => total + (index >= at && index < at + length ? 0x20 : byte), 0);
}

export interface TreeEntry {
  kind: 'file' | 'folder' | 'link';
  text: string;
}

/**
 * A second reader of tar, of the plain kind only: files, folders and links in ustar headers whose checksum is right, ended by
 * two blocks of zeros. Undefined for whatever is more than that.
 */
export function readPlainTar(bytes: Buffer): Map<string, TreeEntry> | undefined {
  const tree = new Map<string, TreeEntry>();
  for (let at = 0; at + BLOCK <= bytes.length;) {
    const block = bytes.subarray(at, at + BLOCK);
    if (isZero(block)) return isZero(bytes.subarray(at + BLOCK, at + 2 * BLOCK)) ? tree : undefined;
    const text = (field: Field): string => {
      const [from, length] = FIELDS[field];
      const value = block.subarray(from, from + length);
      const end = value.indexOf(0);
      return value.subarray(0, end < 0 ? length : end).toString('utf8');
    };
    if (parseInt(text('checksum'), 8) !== checksumOf(block) || !/^[0-7]+ ?$/.test(text('size')))
      return undefined;
    const size = parseInt(text('size'), 8);
    const path = [text('prefix'), text('name')].filter((part) => part !== '').join('/');
    const body = bytes.subarray(at + BLOCK, at + BLOCK + size).toString('utf8');
    if (!put(tree, { type: text('type'), path, link: text('link'), body })) return undefined;
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  }
  return undefined;
}

const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);

function put(
  tree: Map<string, TreeEntry>,
  { type, path, link, body }: { type: string; path: string; link: string; body: string },
): boolean {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let depth = 1; depth < parts.length; depth += 1)
    tree.set(parts.slice(0, depth).join('/'), { kind: 'folder', text: '' });
  const place = parts.join('/');
  if (type === '5') {
    if (place !== '') tree.set(place, { kind: 'folder', text: '' });
  } else if ((type === '0' || type === '') && !path.endsWith('/'))
    tree.set(place, { kind: 'file', text: body });
  else if (type === '2') tree.set(place, { kind: 'link', text: normalLink(link) });
  else return false;
  return true;
}

/** As the rules keep it. */
function normalLink(link: string): string {
  return (
    link
      .split('/')
      .filter((part) => part !== '' && part !== '.')
      .join('/') || '.'
  );
}
