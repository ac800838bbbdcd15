import { StringDecoder } from 'node:string_decoder';

/**
 * Cuts a stream of bytes into lines. A line longer than `maxLength` characters is handed on in pieces, so that
 * a program that never ends its line cannot fill the memory.
 */
export class OutputLines {
  private readonly decoder = new StringDecoder('utf8');
  private rest = '';

  constructor(
    private readonly maxLength: number,
    private readonly line: (text: string) => void,
  ) {}

  write(chunk: Buffer): void {
    this.cut(this.rest + this.decoder.write(chunk));
  }

  /** Hands on what is left without a line's end. */
  end(): void {
    this.cut(this.rest + this.decoder.end());
    if (this.rest !== '') this.line(this.rest);
    this.rest = '';
  }

  private cut(text: string): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      this.pieces(text.slice(from, text[to - 1] === '\r' && to > from ? to - 1 : to));
      from = to + 1;
    }
    this.rest = text.slice(from);
    while (this.rest.length > this.maxLength) {
      this.line(this.rest.slice(0, this.maxLength));
      this.rest = this.rest.slice(this.maxLength);
    }
  }

  private pieces(text: string): void {
    if (text.length <= this.maxLength) return this.line(text);
    for (let i = 0; i < text.length; i += this.maxLength) this.line(text.slice(i, i + this.maxLength));
  }
}
