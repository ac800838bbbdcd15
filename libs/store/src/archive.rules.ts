import { posix } from 'node:path';

/** Bounds of a source archive (tar.gz). Sizes in bytes. */
export interface ArchiveLimits {
  entries: number;
  unpackedBytes: number;
  /** Unpacked by packed, looked at once `ratioFromBytes` are unpacked. */
  ratio: number;
  ratioFromBytes: number;
}

export const SOURCE_LIMITS: ArchiveLimits = {
  entries: 100_000,
  unpackedBytes: 1024 ** 3,
  ratio: 100,
  ratioFromBytes: 32 * 1024 ** 2,
};

/** One entry as the archive's header names it. */
export interface ArchiveEntry {
  path: string;
  /** The tar library's word for the kind: File, Directory, SymbolicLink, Link … */
  type: string;
  linkpath?: string | undefined;
  size: number;
}

const FILES = new Set(['File', 'OldFile', 'ContiguousFile']);
const MAX_DEPTH = 100;
const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;

interface Known {
  kind: 'file' | 'folder' | 'link';
  size: number;
}

/** How an accepted entry is made on disk; `path` and `target` are normal and relative to the archive's root. */
export type AcceptedEntry =
  | { kind: 'file' | 'folder'; path: string }
  | { kind: 'symlink'; path: string; target: string }
  | { kind: 'copy'; path: string; target: string };

/**
 * Judges the entries of one archive in their order. Accepted entries can be written under any folder without leaving
 * it: no entry lies behind a link, and a link's target climbs with leading `..` only, so that following links never
 * climbs above what was checked here.
 */
export class ArchiveRules {
  entries = 0;
  bytes = 0;
  private readonly known = new Map<string, Known>();

  constructor(private readonly limits: ArchiveLimits = SOURCE_LIMITS) {}

  /** Names directly in the root. */
  rootNames(): string[] {
    return [...this.known.keys()].filter((path) => !path.includes('/')).sort();
  }

  /** The accepted entry, or the sentence why it is refused. */
  judge(entry: ArchiveEntry): AcceptedEntry | string {
    this.entries += 1;
    if (this.entries > this.limits.entries) return `there are more than ${this.limits.entries} entries`;
    const path = normalPath(entry.path);
    if (path.refused !== undefined) return path.refused;
    const accepted = this.byType(entry, path.value);
    if (typeof accepted === 'string') return accepted;
    return this.place(accepted, entry) ?? accepted;
  }

  private byType(entry: ArchiveEntry, path: string): AcceptedEntry | string {
    if (entry.type === 'Directory') return { kind: 'folder', path };
    if (path === '') return 'the path is empty';
    if (FILES.has(entry.type)) return { kind: 'file', path };
    if (entry.type === 'SymbolicLink') return this.symlink(path, entry.linkpath ?? '');
    if (entry.type === 'Link') return this.hardLink(path, entry.linkpath ?? '');
    return `is a ${entry.type}; only files, folders and links are taken`;
  }

  private symlink(path: string, target: string): AcceptedEntry | string {
    if (target === '' || target.includes('\0')) return 'the link has no valid target';
    if (target.startsWith('/')) return 'the link points to an absolute path';
    const parts = target.split('/').filter((part) => part !== '' && part !== '.');
    const climbs = parts.findIndex((part) => part !== '..');
    if (climbs >= 0 && parts.slice(climbs).includes('..')) return 'the link climbs with `..` behind a name';
    const resolved = posix.normalize(posix.join(posix.dirname(path), parts.join('/') || '.'));
    if (resolved === '..' || resolved.startsWith('../')) return 'the link points out of the archive';
    return { kind: 'symlink', path, target: parts.join('/') || '.' };
  }

  private hardLink(path: string, linkpath: string): AcceptedEntry | string {
    const target = normalPath(linkpath);
    if (target.refused !== undefined) return `the link's target: ${target.refused}`;
    if (this.known.get(target.value)?.kind !== 'file')
      return 'the link points to no earlier file of the archive';
    return { kind: 'copy', path, target: target.value };
  }

  /** Books the entry's place and size; the sentence why it cannot stand there, otherwise undefined. */
  private place(accepted: AcceptedEntry, entry: ArchiveEntry): string | undefined {
    const { path } = accepted;
    const behind = this.bookFolders(path);
    if (behind !== undefined) return `lies behind \`${behind}\`, which is no folder`;
    if (path === '') return undefined;
    const before = this.known.get(path);
    if (before && !(before.kind === 'folder' && accepted.kind === 'folder')) return 'appears twice';
    const size = accepted.kind === 'copy' ? (this.known.get(accepted.target)?.size ?? 0) : entry.size;
    this.bytes += size;
    this.known.set(path, { kind: kindOf(accepted), size });
    if (this.bytes > this.limits.unpackedBytes)
      return `it unpacks to more than ${this.limits.unpackedBytes} bytes`;
    return undefined;
  }

  private bookFolders(path: string): string | undefined {
    for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
      const folder = path.slice(0, at);
      const before = this.known.get(folder);
      if (before && before.kind !== 'folder') return folder;
      if (!before) this.known.set(folder, { kind: 'folder', size: 0 });
    }
    return undefined;
  }
}

function kindOf(accepted: AcceptedEntry): Known['kind'] {
  if (accepted.kind === 'symlink') return 'link';
  return accepted.kind === 'folder' ? 'folder' : 'file';
}

type Path = { value: string; refused?: undefined } | { refused: string };

/** The path without `.` and doubled slashes, or why it is refused. */
function normalPath(path: string): Path {
  if (path.startsWith('/')) return { refused: 'the path is absolute' };
  if (path.includes('\0')) return { refused: 'the path holds a zero byte' };
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    return { refused: `the path is longer than ${MAX_PATH_BYTES} bytes` };
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return { refused: 'the path holds `..`' };
  if (parts.length > MAX_DEPTH) return { refused: `the path is deeper than ${MAX_DEPTH} folders` };
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES)) {
    return { refused: `a name is longer than ${MAX_NAME_BYTES} bytes` };
  }
  return { value: parts.join('/') };
}
