import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { CliError } from '../exit.js';
import { IgnoreRules, isNeverSent, RULE_FILES } from './ignore.rules.js';

/** What of a source folder is sent. Paths are relative, with `/`, sorted by their bytes. */
export interface SourceFiles {
  paths: string[];
  /** Sockets, devices and pipes: named to the person, not sent. */
  skipped: string[];
}

/**
 * Walks a source folder.
 * @throws CliError when it is no folder, has nothing to send, has a Dockerfile, or a link points out of it
 */
export async function sourceFiles(folder: string): Promise<SourceFiles> {
  const state = await lstatOf(folder);
  if (!state.isDirectory() && !state.isSymbolicLink()) throw refused(`${folder} is no folder.`);
  const found: SourceFiles = { paths: [], skipped: [] };
  await walk(folder, '', IgnoreRules.empty(), found);
  if (found.paths.includes('Dockerfile')) {
    throw new CliError(
      'NOT_SUPPORTED',
      `${folder} has a Dockerfile, and Towpath builds from package.json or a Procfile.`,
      {
        nextStep: 'Name Dockerfile in .towignore to build without it, or deploy a built image with --image.',
      },
    );
  }
  if (found.paths.length === 0) throw refused(`${folder} has no file to send.`);
  found.paths.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return found;
}

async function walk(root: string, folder: string, above: IgnoreRules, found: SourceFiles): Promise<void> {
  const rules = await rulesIn(root, folder, above);
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = posix.join(folder, entry.name);
    const leftOut = isNeverSent(entry.name) || rules.leavesOut(entry.isDirectory() ? `${path}/` : path);
    if (leftOut) continue;
    if (entry.isDirectory()) await walk(root, path, rules, found);
    else if (entry.isFile()) found.paths.push(path);
    else if (entry.isSymbolicLink()) found.paths.push(await linkInside(root, path));
    else found.skipped.push(path);
  }
}

async function rulesIn(root: string, folder: string, above: IgnoreRules): Promise<IgnoreRules> {
  let rules = above;
  for (const name of RULE_FILES) {
    const content = await readFile(join(root, folder, name), 'utf8').catch(() => undefined);
    if (content !== undefined) rules = rules.with(folder, content);
  }
  return rules;
}

async function linkInside(root: string, path: string): Promise<string> {
  const target = await readlink(join(root, path));
  const resolved = posix.normalize(posix.join(posix.dirname(path), target));
  if (posix.isAbsolute(target) || resolved === '..' || resolved.startsWith('../')) {
    throw refused(`${path} is a link that points out of the folder (${target}).`);
  }
  return path;
}

async function lstatOf(folder: string): ReturnType<typeof lstat> {
  try {
    return await lstat(folder);
  } catch {
    throw refused(`There is no folder ${folder}.`);
  }
}

function refused(message: string): CliError {
  return new CliError('INVALID_ARGUMENT', message, {
    nextStep: 'Name the folder of your code: --source DIR',
  });
}
