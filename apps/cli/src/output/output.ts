import type { Io } from '../io.js';
import type { Progress } from './progress.js';
import { fieldsOf, tableOf, type Columns } from './table.js';

/** Data on stdout, talk on stderr; with `--json` stdout holds JSON and nothing else. */
export class Output {
  constructor(
    private readonly io: Pick<Io, 'stdout'>,
    private readonly progress: Progress,
    readonly json: boolean,
  ) {}

  /** A list: an array in JSON, otherwise a table (and a word on stderr when it is empty). */
  list<T>(rows: readonly T[], columns: Columns<T>, nothing: string): void {
    if (this.json) return this.value(rows);
    if (rows.length === 0) return this.talk(nothing);
    this.lines(tableOf(rows, columns));
  }

  /** One thing: its JSON, otherwise the fields that are given. */
  thing(value: unknown, fields: Readonly<Record<string, string | number | boolean | undefined>>): void {
    if (this.json) return this.value(value);
    this.lines(fieldsOf(fields));
  }

  /** One thing whose plain form is a single line, e.g. a URL or a token. */
  line(value: unknown, text: string): void {
    if (this.json) return this.value(value);
    this.lines([text]);
  }

  value(value: unknown): void {
    this.lines([JSON.stringify(value, undefined, 2)]);
  }

  /** One value of an endless list: a line of JSON. */
  streamed(value: unknown, text: string): void {
    this.lines([this.json ? JSON.stringify(value) : text]);
  }

  lines(lines: readonly string[]): void {
    this.progress.finishLine();
    this.io.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }

  /** For people: stderr, silent with `--quiet`. */
  talk(text: string): void {
    this.progress.note(text);
  }
}
