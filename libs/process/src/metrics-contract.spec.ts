import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '../../..');

/** Every metric a room makes, found in its source. */
function declared(): string[] {
  const rooms = ['apps', 'libs'].flatMap((kind) =>
    readdirSync(path.join(ROOT, kind)).map((room) => path.join(ROOT, kind, room, 'src')),
  );
  const files = rooms.flatMap((room) => {
    try {
      return readdirSync(room, { recursive: true, encoding: 'utf8' }).map((file) => path.join(room, file));
    } catch {
      return [];
    }
  });
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/\.(?:counter|gauge|histogram)\(\s*'([a-z_]+)'/g)].map(
        (match) => match[1] as string,
      ),
    );
}

function listed(): string[] {
  const text = readFileSync(path.join(ROOT, 'contracts/metrics.md'), 'utf8');
  return [...text.matchAll(/^\| `([a-z_]+)`/gm)].map((match) => match[1] as string);
}

describe('contracts/metrics.md', () => {
  it('lists every metric of every room, and no other', () => {
    expect([...new Set(declared())].sort()).toEqual(listed().sort());
  });

  it('names ours with the prefix towpath_', () => {
    expect(listed().filter((name) => !name.startsWith('towpath_'))).toEqual([]);
  });
});
