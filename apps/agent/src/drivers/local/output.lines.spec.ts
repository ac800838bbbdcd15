import fc from 'fast-check';
import { OutputLines } from './output.lines.js';

function linesOf(chunks: Buffer[], maxLength = 10): string[] {
  const lines: string[] = [];
  const output = new OutputLines(maxLength, (line) => lines.push(line));
  for (const chunk of chunks) output.write(chunk);
  output.end();
  return lines;
}

describe('OutputLines', () => {
  it.each([
    ['two lines', ['a\nb\n'], ['a', 'b']],
    ['a line over several chunks', ['a', 'b', 'c\n'], ['abc']],
    ['an empty line', ['a\n\nb\n'], ['a', '', 'b']],
    ['no end of line at the end', ['a\nb'], ['a', 'b']],
    ['carriage returns', ['a\r\nb\r\n'], ['a', 'b']],
    ['a lone line end', ['\n'], ['']],
    ['a line too long, in pieces', ['0123456789abc\n'], ['0123456789', 'abc']],
    [
      'a line that never ends, in pieces',
      ['0123456789', '0123456789', '01'],
      ['0123456789', '0123456789', '01'],
    ],
  ])('%s', (_name, chunks, lines) => {
    expect(linesOf(chunks.map((chunk) => Buffer.from(chunk)))).toEqual(lines);
  });

  it('does not care where chunks are cut, not even inside a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 })),
        fc.nat({ max: 7 }),
        (words, cut) => {
          const text = Buffer.from(words.join('\n'));
          const chunks: Buffer[] = [];
          for (let i = 0; i < text.length; i += cut + 1) chunks.push(text.subarray(i, i + cut + 1));
          expect(linesOf(chunks, 1000)).toEqual(linesOf([text], 1000));
        },
      ),
    );
  });
});
