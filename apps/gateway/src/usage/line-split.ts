import { parseLine } from './access-log.line.js';
import type { AccessLogLine } from './access-log.line.js';

/** A line of a spool with the byte offset at which it starts. */
export interface SpoolLine {
  position: number;
  line: AccessLogLine;
}

export interface SplitLines {
  lines: SpoolLine[];
  /** Bytes that are done with, to the end of the last complete line. */
  consumed: number;
  /** Lines that were none of ours. */
  skipped: number;
}

const NEWLINE = 0x0a;

/**
 * Cuts a chunk into at most `limit` complete lines. What follows the last newline is left for the next chunk; a chunk
 * that is full and has no newline at all is given up as one bad line.
 */
export function splitLines(chunk: Buffer, base: number, limit: number, full: boolean): SplitLines {
  const lines: SpoolLine[] = [];
  let start = 0;
  let skipped = 0;
  while (lines.length < limit) {
    const end = chunk.indexOf(NEWLINE, start);
    if (end < 0) break;
    const text = chunk.toString('utf8', start, end);
    const found = text === '' ? undefined : readLine(text);
    if (found) lines.push({ position: base + start + found.at, line: found.line });
    else if (text !== '') skipped += 1;
    start = end + 1;
  }
  if (start === 0 && full) return { lines, consumed: chunk.length, skipped: 1 };
  return { lines, consumed: start, skipped };
}

/**
 * A line, or what stands behind a torn one that a dying machine left without a newline. Inside a JSON text a quote is
 * escaped, so nothing a caller sends can look like the start of a line.
 */
function readLine(text: string): { line: AccessLogLine; at: number } | undefined {
  const whole = parseLine(text);
  if (whole) return { line: whole, at: 0 };
  for (let at = text.lastIndexOf('{"'); at > 0; at = text.lastIndexOf('{"', at - 1)) {
    const line = parseLine(text.slice(at));
    if (line) return { line, at: Buffer.byteLength(text.slice(0, at)) };
  }
  return undefined;
}
