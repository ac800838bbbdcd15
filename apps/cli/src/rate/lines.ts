import { open } from 'node:fs/promises';
import { usageError } from '../exit.js';

/** No entry is longer: a file without line ends must not fill the memory. */
export const MAX_LINE = 1 << 16;

/** One line of a file and its number, from 1. */
export interface Line {
  number: number;
  text: string;
}

/** The lines of a file that say something, some at a time; at most a chunk of the file is in memory. */
export async function* linesOf(
  path: string,
  signal: AbortSignal,
  { maxLine = MAX_LINE, chunkBytes = 1 << 20 } = {},
): AsyncGenerator<Line[], void> {
  const file = await open(path);
  try {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const buffer = new Uint8Array(chunkBytes);
    let rest = '';
    let number = 1;
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, chunkBytes);
      rest += decoder.decode(buffer.subarray(0, bytesRead), { stream: bytesRead > 0 });
      const texts = rest.split('\n');
      rest = bytesRead === 0 ? '' : (texts.pop() ?? '');
      const lines: Line[] = [];
      for (const text of texts) {
        refuseLong(path, number, text, maxLine);
        if (text.trim() !== '') lines.push({ number, text });
        number += 1;
      }
      refuseLong(path, number, rest, maxLine);
      yield lines;
      if (bytesRead === 0) return;
    }
  } finally {
    await file.close();
  }
}

function refuseLong(path: string, number: number, text: string, maxLine: number): void {
  if (text.length > maxLine)
    throw usageError(`${path}, line ${number}: is longer than ${maxLine} characters.`);
}
