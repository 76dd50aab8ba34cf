import { describe, expect, test } from 'vitest';
import { plainText, PLAIN, spansOf } from '../../src/dashboard/text/ansi.ts';
import { csvCell, cut, quotedForShell, sentence, shortNode, shown, shownInLine } from '../../src/dashboard/text/clean.ts';
import { bytes, clockTime, duration, fullTime, percent, rate, roughDuration } from '../../src/dashboard/text/format.ts';
import { markOf, offsetOf } from '../../src/dashboard/text/formulaMarks.ts';
import { isBinary, linesOf } from '../../src/dashboard/text/logLines.ts';

const NODE = `tvmps_9c41${'0'.repeat(56)}7e07_d`;

describe('a duration', () => {
  test.each([
    [0, '0 ms'],
    [240, '240 ms'],
    [3_440, '3.4 s'],
    [9_990, '9.9 s'],
    [38_900, '38 s'],
    [252_000, '4 min 12 s'],
    [3_720_000, '1 h 02 min'],
    [2 * 86_400_000 + 3 * 3_600_000, '2 d 03 h'],
    [-5, '0 ms'],
  ])('of %i ms reads %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test('reads without its smaller part where it is an estimate', () => {
    expect([roughDuration(252_000), roughDuration(38_000)]).toEqual(['4 min', '38 s']);
  });
});

describe('numbers', () => {
  test('of bytes go by thousands', () => {
    expect([0, 999, 1_000, 4_200_000, 999_600, 123_456_789_000].map(bytes)).toEqual(['0 B', '999 B', '1.0 KB', '4.2 MB', '1.0 MB', '123 GB']);
  });

  test('say 100 % only when all is done, and more than 0 % once something is', () => {
    expect([percent(0, 0), percent(0, 10), percent(1, 1_000), percent(999, 1_000), percent(10, 10)]).toEqual(['–', '0 %', '< 1 %', '99 %', '100 %']);
  });

  test('of a rate have no leading zeros', () => {
    expect([rate(24), rate(2.4), rate(0.2), rate(0.001)]).toEqual(['24 /s', '2.4 /s', '12 /min', '3.6 /h']);
  });
});

describe('a time', () => {
  const at = Date.UTC(2026, 10, 30, 14, 3, 12);
  test('of today has no date', () => {
    expect(clockTime(at, { zone: 'utc', now: at + 3_600_000 })).toBe('14:03:12');
    expect(clockTime(at, { zone: 'utc', now: at + 86_400_000 })).toBe('2026-11-30 14:03:12');
  });

  test('names its zone in full', () => {
    expect(fullTime(at, 'utc')).toBe('2026-11-30 14:03:12 UTC');
  });
});

describe('what somebody wrote', () => {
  test('shows control characters and marks that turn text around', () => {
    expect(shown('a\u001b[31mb\u202Ec\u007f\u200b')).toBe('a␛[31mb⟨U+202E⟩c␡⟨U+200B⟩');
    expect(shownInLine('a\nb\tc')).toBe('a␊b c');
  });

  test('is cut in the middle, between letters', () => {
    expect(cut('abcdefghij', 7)).toBe('abc…hij');
    expect(cut('😀😀😀😀', 3)).toBe('😀…😀');
    expect(cut('short', 80)).toBe('short');
  });

  test('is a word of a shell, and a cell that no spreadsheet takes for a formula', () => {
    expect(quotedForShell("it's")).toBe(String.raw`'it'\''s'`);
    expect(quotedForShell('plain-1')).toBe('plain-1');
    expect([csvCell('=1+1'), csvCell('a,b'), csvCell('say "x"')]).toEqual(["'=1+1", '"a,b"', '"say ""x"""']);
  });

  test('names nodes by their first and last letters', () => {
    expect(shortNode(NODE)).toBe('9c41…7e07');
    expect(sentence(`It runs on ${NODE}.`)).toBe('It runs on 9c41…7e07.');
  });
});

describe('a line with colours', () => {
  test('becomes spans, and the style goes on in the next line', () => {
    const { spans, style } = spansOf('a\u001b[1;31mred\u001b[0mplain\u001b[42mgreen', PLAIN);
    expect(spans).toEqual([
      { text: 'a', style: '' },
      { text: 'red', style: 'bold a1' },
      { text: 'plain', style: '' },
      { text: 'green', style: 'on-a2' },
    ]);
    expect(spansOf('still', style).spans).toEqual([{ text: 'still', style: 'on-a2' }]);
  });

  test('of 256 or all colours has the nearest of eight', () => {
    expect(spansOf('\u001b[38;5;196mx\u001b[38;2;0;255;255my', PLAIN).spans.map(({ style }) => style)).toEqual(['a1', 'a6']);
  });

  test.each([
    ['a link', '\u001b]8;;javascript:alert(1)\u0007click\u001b]8;;\u0007', 'click'],
    ['a link that never ends', '\u001b]8;;http://evil', ''],
    ['a title', '\u001b]0;title\u001b\\text', 'text'],
    ['a moved cursor', '\u001b[2J\u001b[1;1Htext', 'text'],
    ['a lone escape', 'a\u001b', 'a'],
  ])('loses %s', (_name, line, text) => {
    expect(plainText(line)).toBe(text);
    expect(spansOf(line, PLAIN).spans.map((span) => span.text).join('')).toBe(text);
  });
});

describe('the bytes of a log', () => {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

  test('are lines with their places in the file', () => {
    expect(linesOf(encode('one\ntwo\r\n\nfour'), 100)).toEqual([
      { at: 100, text: 'one' },
      { at: 104, text: 'two' },
      { at: 109, text: '' },
      { at: 110, text: 'four' },
    ]);
  });

  test('show of a bar of progress what was written last', () => {
    expect(linesOf(encode('10 %\r20 %\r30 %\n'), 0)).toEqual([{ at: 0, text: '30 %' }]);
  });

  test('are binary if a byte is null', () => {
    expect([isBinary(encode('text')), isBinary(new Uint8Array([80, 0]))]).toEqual([false, true]);
  });
});

describe('a place in a formula', () => {
  const text = 'x = 1;\n\ty = $Pending + 2;\nz =';

  test.each([
    ['a name is marked whole', { line: 2, column: 6 }, { row: 1, column: 8, width: 8 }, '$Pending'],
    ['a sign alone', { line: 1, column: 3 }, { row: 0, column: 2, width: 1 }, '='],
    ['what is missing behind the end of its line', { line: 3, column: 4 }, { row: 2, column: 3, width: 1 }, ''],
  ])('%s', (_what, place, mark, word) => {
    expect(markOf(text, place)).toEqual(mark);
    expect(text.slice(offsetOf(text, place), offsetOf(text, place) + mark.width)).toBe(word);
  });

  test('that is behind the text is at its end', () => {
    expect(offsetOf('x', { line: 5, column: 9 })).toBe(1);
  });
});
