/** Stamps: a step is done again only when what it was made from has changed. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the checkout. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export const inRoot = (...names) => path.join(ROOT, ...names);

/** SHA-256 over names and contents of files, plus `salt`. */
export function hashOf(files, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of [...files].sort())
    hash.update(`\0${path.relative(ROOT, file)}\0`).update(readFileSync(file));
  return hash.digest('hex');
}

/** Every file below `dir` whose name ends with `ending`, absolute; none when `dir` is missing. */
export function filesBelow(dir, ending) {
  if (!existsSync(dir)) return [];
  const found = [];
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') found.push(...filesBelow(file, ending));
    } else if (entry.name.endsWith(ending)) found.push(file);
  }
  return found;
}

/** True when `stampFile` holds `value` and everything in `products` is there. */
export function isFresh(stampFile, value, products) {
  return (
    products.every((file) => existsSync(file)) &&
    existsSync(stampFile) &&
    readFileSync(stampFile, 'utf8') === value
  );
}

export function writeStamp(stampFile, value) {
  mkdirSync(path.dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, value);
}
