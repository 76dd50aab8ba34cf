/**
 * Colours of a terminal (SGR, ECMA-48 8.3.117) as names of styles. All other sequences are dropped: titles, links,
 * movements of a cursor that is not there.
 */

/** Text of one style; `style`: classes, in their order. */
export interface Span {
  readonly text: string;
  readonly style: string;
}

/** What holds at a place of a log: passed on from line to line. */
export interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  /** One of eight, `a0` … `a7`; null: that of the text. */
  readonly colour: string | null;
  readonly ground: string | null;
}

export const PLAIN: Style = { bold: false, dim: false, italic: false, underline: false, inverse: false, colour: null, ground: null };

const ESCAPE = '\u001b';
/** CSI; OSC, DCS, SOS, PM, APC up to their end, or that of the line; two letters; a lone one. */
const SEQUENCE = new RegExp(String.raw`${ESCAPE}\[([0-?]*)([ -/]*)([@-~])|${ESCAPE}[\]PX^_][^\u0007${ESCAPE}]*(?:\u0007|${ESCAPE}\\)?|${ESCAPE}[ -/]*[0-~]?`, 'g');

/** One line, from the style that holds at its beginning to the one at its end. */
export function spansOf(line: string, from: Style): { readonly spans: readonly Span[]; readonly style: Style } {
  if (!line.includes(ESCAPE)) return { spans: line === '' ? [] : [{ text: line, style: classOf(from) }], style: from };
  const spans: Span[] = [];
  let style = from;
  let at = 0;
  const put = (text: string): void => {
    if (text !== '') spans.push({ text, style: classOf(style) });
  };
  for (const match of line.matchAll(SEQUENCE)) {
    put(line.slice(at, match.index));
    at = match.index + match[0].length;
    if (match[3] === 'm' && match[2] === '') style = applied(style, match[1] ?? '');
  }
  put(line.slice(at));
  return { spans, style };
}

/** What a line says when its colours are taken away. */
export function plainText(line: string): string {
  return line.includes(ESCAPE) ? line.replaceAll(SEQUENCE, '') : line;
}

function applied(style: Style, parameters: string): Style {
  const codes = parameters.split(/[;:]/).map((text) => (text === '' ? 0 : Number(text)));
  let next = style;
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, length } = extended(codes.slice(at + 1));
      next = code === 38 ? { ...next, colour } : { ...next, ground: colour };
      at += length;
    } else {
      next = one(next, code);
    }
  }
  return next;
}

function one(style: Style, code: number): Style {
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 7:
      return { ...style, inverse: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 27:
      return { ...style, inverse: false };
    case 39:
      return { ...style, colour: null };
    case 49:
      return { ...style, ground: null };
    default:
      return coloured(style, code);
  }
}

function coloured(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, colour: `a${code - 30}` };
  if (code >= 90 && code <= 97) return { ...style, colour: `a${code - 90}` };
  if (code >= 40 && code <= 47) return { ...style, ground: `a${code - 40}` };
  if (code >= 100 && code <= 107) return { ...style, ground: `a${code - 100}` };
  return style;
}

/** `5;N` or `2;R;G;B`: the nearest of the eight. */
function extended([kind, ...rest]: readonly number[]): { readonly colour: string | null; readonly length: number } {
  if (kind === 5) {
    const index = rest[0] ?? 0;
    if (index < 16) return { colour: `a${index % 8}`, length: 2 };
    if (index >= 232) return { colour: index < 244 ? 'a0' : 'a7', length: 2 };
    const cube = index - 16;
    return { colour: nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51), length: 2 };
  }
  if (kind === 2) return { colour: nearest(rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0), length: 4 };
  return { colour: null, length: 0 };
}

const HALF = 128;

function nearest(red: number, green: number, blue: number): string {
  return `a${(red >= HALF ? 1 : 0) + (green >= HALF ? 2 : 0) + (blue >= HALF ? 4 : 0)}`;
}

function classOf({ bold, dim, italic, underline, inverse, colour, ground }: Style): string {
  return [bold && 'bold', dim && 'dim', italic && 'italic', underline && 'underline', inverse && 'inverse', colour, ground === null ? null : `on-${ground}`].filter(Boolean).join(' ');
}
