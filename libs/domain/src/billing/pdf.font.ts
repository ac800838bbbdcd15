/** Faces of the font that every reader of PDF brings along. */
export type PdfFace = 'Helvetica' | 'Helvetica-Bold';

/** Widths in thousandths of the size, and the letters that have it (Adobe's metrics of the font). */
const CLASSES: Readonly<Record<PdfFace, readonly (readonly [number, string])[]>> = {
  Helvetica: [
    [191, "'"],
    [222, 'ijl‘’‚'],
    [260, '|¦'],
    [278, ' !,./:;I[\\]ft\u00a0·ÌÍÎÏìíîï'],
    [333, '()-`r¡¨\u00ad¯²³´¸¹ˆ˜“”„‹›'],
    [334, '{}'],
    [350, '•'],
    [355, '"'],
    [365, 'º'],
    [370, 'ª'],
    [389, '*'],
    [400, '°'],
    [469, '^'],
    [500, 'Jcksvxyzçýÿšž'],
    [537, '¶'],
    [556, '#$0123456789?L_abdeghnopqu¢£¤¥§«µ»àáâãäåèéêëðñòóôõöøùúûüþƒ–†‡€'],
    [584, '+<=>~¬±×÷'],
    [611, 'FTZ¿ßøŽ'],
    [667, '&ABEKPSVXYÀÁÂÃÄÅÈÉÊËÝÞŠŸ'],
    [722, 'CDHNRUwÇÐÑÙÚÛÜ'],
    [737, '©®'],
    [778, 'GOQÒÓÔÕÖØ'],
    [833, 'Mm'],
    [834, '¼½¾'],
    [889, '%æ'],
    [944, 'Wœ'],
    [1000, 'ÆŒ—…‰™'],
    [1015, '@'],
  ],
  'Helvetica-Bold': [
    [238, "'"],
    [278, ' ,./I\\ijl\u00a0·ÌÍÎÏìíîï‘’‚'],
    [280, '|¦'],
    [333, '!()-:;[]`ft¡¨\u00ad¯²³´¸¹ˆ˜‹›'],
    [350, '•'],
    [365, 'º'],
    [370, 'ª'],
    [389, '*r{}'],
    [400, '°'],
    [474, '"'],
    [500, 'zž“”„'],
    [556, '#$0123456789J_aceksvxy¢£¤¥§«¶»àáâãäåçèéêëýÿšƒ–†‡€'],
    [584, '+<=>^~¬±×÷'],
    [611, '?FLTZbdghnopquµ¿ßðñòóôõöøùúûüþŽ'],
    [667, 'EPSVXYÈÉÊËÝÞŠŸ'],
    [722, '&ABCDHKNRUÀÁÂÃÄÅÇÐÑÙÚÛÜ'],
    [737, '©®'],
    [778, 'GOQwÒÓÔÕÖØ'],
    [833, 'M'],
    [834, '¼½¾'],
    [889, '%mæ'],
    [944, 'Wœ'],
    [975, '@'],
    [1000, 'ÆŒ—…‰™'],
  ],
};

const widthsOf = (face: PdfFace): ReadonlyMap<string, number> =>
  new Map(CLASSES[face].flatMap(([width, letters]) => [...letters].map((letter) => [letter, width])));
const WIDTHS = { Helvetica: widthsOf('Helvetica'), 'Helvetica-Bold': widthsOf('Helvetica-Bold') };

/** Letters whose byte in WinAnsiEncoding is not their code point: from 0x80 on, `_` where there is none. */
const MOVED = new Map([...'€_‚ƒ„…†‡ˆ‰Š‹Œ_Ž__‘’“”•–—˜™š›œ_žŸ'].map((letter, i) => [letter, 0x80 + i]));
MOVED.delete('_');

/** What the font can print of a text: other letters lose their marks or become `?`, and then it is not whole. */
export function printable(text: string): { text: string; isWhole: boolean } {
  const letters = [...text.normalize('NFC')];
  const has = (letter: string): boolean => WIDTHS.Helvetica.has(letter);
  const plain = (letter: string): string => [...letter.normalize('NFKD')].filter(has).join('') || '?';
  return {
    text: letters.map((letter) => (has(letter) ? letter : plain(letter))).join(''),
    isWhole: letters.every(has),
  };
}

/** In points; the text is printable. */
export function textWidth(text: string, size: number, face: PdfFace): number {
  const widths = WIDTHS[face];
  return ([...text].reduce((sum, letter) => sum + (widths.get(letter) ?? 0), 0) * size) / 1000;
}

/** A printable text as a string of PDF, in ASCII. */
export function pdfString(text: string): string {
  const bytes = [...text].map((letter) => {
    const byte = MOVED.get(letter) ?? letter.charCodeAt(0);
    if (byte >= 0x20 && byte < 0x7f) return /[\\()]/.test(letter) ? `\\${letter}` : letter;
    return `\\${byte.toString(8).padStart(3, '0')}`;
  });
  return `(${bytes.join('')})`;
}

/** Lines of at most `width` points: broken at spaces, within a word only where it is longer than a line. */
export function wrapped(text: string, width: number, size: number, face: PdfFace): string[] {
  const fits = (line: string): boolean => textWidth(line, size, face) <= width;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (fits(longer)) {
      line = longer;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const letter of word) {
      if (!fits(line + letter)) {
        lines.push(line);
        line = '';
      }
      line += letter;
    }
  }
  return [...lines, line];
}
