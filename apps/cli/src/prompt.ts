import { createInterface } from 'node:readline/promises';
import { PassThrough } from 'node:stream';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { interrupted, usageError } from './exit.js';
import type { Io } from './io.js';
import type { Tow } from './tow.js';

/** A question on the terminal answered by y or yes; true without asking where nobody can be asked. */
export async function confirmed(tow: Tow, question: string): Promise<boolean> {
  if (!tow.mayAsk()) return true;
  const answer = await ask(tow.io, `${question} [y/N] `, false);
  return /^y(es)?$/i.test(answer.trim());
}

/** Where a secret text comes from: a file, stdin (`-`), or a hidden question. Never from the command line. */
export async function secretText(
  tow: Tow,
  from: { file: string | undefined; flag: string; what: string },
): Promise<string> {
  const { io } = tow;
  if (from.file === '-') return readAll(io);
  if (from.file !== undefined) {
    return readFile(resolve(io.cwd, from.file), 'utf8').catch(() => {
      throw usageError(`${from.flag}: ${from.file} cannot be read.`);
    });
  }
  if (tow.mayAsk()) return ask(io, `${from.what} (hidden): `, true);
  throw usageError(
    `No ${from.what.toLowerCase()} was given.`,
    `Name a file with ${from.flag}, or - for stdin.`,
  );
}

/** The whole of stdin. */
export async function readAll(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin as AsyncIterable<Buffer | string>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function ask(io: Io, question: string, hidden: boolean): Promise<string> {
  io.stderr.write(question);
  // With a terminal as output readline echoes what is typed; a sink hides it.
  const echo = hidden ? new PassThrough().resume() : io.stderr;
  const lines = createInterface({ input: io.stdin, output: echo, terminal: true });
  try {
    const answer = lines.question('', { signal: io.signal });
    const ended = new Promise<never>((_resolve, reject) =>
      lines.once('SIGINT', () => reject(interrupted('Interrupted.'))),
    );
    return await Promise.race([answer, ended]);
  } finally {
    lines.close();
    if (hidden) io.stderr.write('\n');
  }
}
