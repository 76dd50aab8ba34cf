/**
 * What one place of a pattern takes. Ranges are of code points, both ends included, in order and apart from each other.
 */
type Token =
  | { readonly kind: 'star' }
  | { readonly kind: 'any' }
  | { readonly kind: 'literal'; readonly codePoint: number }
  | { readonly kind: 'set'; readonly isNegated: boolean; readonly ranges: readonly Range[] };

type Range = readonly [first: number, last: number];

const DOT = 0x2e;

/**
 * Compiles one segment of a file pattern: `*` any characters, `?` one, `[abc]`, `[a-c]`, `[!abc]`; a bracket that is
 * never closed and everything else stand for themselves. A name that begins with a dot is matched only by a segment
 * that does. The matcher's time grows with the lengths of name and segment, and never faster: a task names the files
 * and writes the pattern, and its agent has one thread. Throws an Error where a range runs backwards (`[z-a]`).
 */
export function compileSegment(segment: string): NameMatcher {
  const tokens = tokensOf(codePointsOf(segment), segment);
  const first = tokens[0];
  const takesDotFiles = first?.kind === 'literal' && first.codePoint === DOT;
  return (name) => (takesDotFiles || name[0] !== DOT) && matches(tokens, name);
}

/** Takes a name as its code points. */
export type NameMatcher = (name: readonly number[]) => boolean;

export function codePointsOf(text: string): readonly number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? 0);
}

/** Goes back only to the last star: what an earlier one could take instead, the last one can take as well. */
function matches(tokens: readonly Token[], characters: readonly number[]): boolean {
  let at = 0;
  let token = 0;
  let star = -1;
  let starAt = 0;
  while (at < characters.length) {
    const next = tokens[token];
    if (next?.kind === 'star') {
      star = token++;
      starAt = at;
    } else if (next !== undefined && takes(next, characters[at] ?? 0)) {
      token++;
      at++;
    } else if (star >= 0) {
      token = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (tokens[token]?.kind === 'star') token++;
  return token === tokens.length;
}

function takes(token: Exclude<Token, { kind: 'star' }>, codePoint: number): boolean {
  switch (token.kind) {
    case 'any':
      return true;
    case 'literal':
      return token.codePoint === codePoint;
    case 'set':
      return isIn(token.ranges, codePoint) !== token.isNegated;
  }
}

/** By halves: a pattern may hold thousands of ranges, a directory a hundred thousand names. */
function isIn(ranges: readonly Range[], codePoint: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const [first, last] = ranges[middle] ?? [0, 0];
    if (codePoint < first) high = middle;
    else if (codePoint > last) low = middle + 1;
    else return true;
  }
  return false;
}

const [STAR, ANY, OPEN, CLOSE, NOT, TO] = [0x2a, 0x3f, 0x5b, 0x5d, 0x21, 0x2d] as const;

function tokensOf(pattern: readonly number[], segment: string): readonly Token[] {
  const tokens: Token[] = [];
  // Every bracket that is never closed would look for its end again.
  const lastClose = pattern.lastIndexOf(CLOSE);
  for (let index = 0; index < pattern.length; ) {
    const codePoint = pattern[index] ?? 0;
    const end = codePoint === OPEN && index < lastClose ? endOfSet(pattern, index) : -1;
    if (end >= 0) {
      tokens.push(setOf(pattern.slice(index + 1, end), segment));
      index = end + 1;
      continue;
    }
    if (codePoint !== STAR) tokens.push(codePoint === ANY ? { kind: 'any' } : { kind: 'literal', codePoint });
    else if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    index++;
  }
  return tokens;
}

/** Of its closing bracket; one that comes first stands for itself. -1: there is none. */
function endOfSet(pattern: readonly number[], open: number): number {
  const begin = open + (pattern[open + 1] === NOT ? 2 : 1);
  return pattern.indexOf(CLOSE, begin + 1);
}

function setOf(inside: readonly number[], segment: string): Token {
  const isNegated = inside[0] === NOT;
  const members = isNegated ? inside.slice(1) : inside;
  const ranges: Range[] = [];
  for (let index = 0; index < members.length; index++) {
    const first = members[index] ?? 0;
    const last = members[index + 1] === TO ? members[index + 2] : undefined;
    if (last === undefined) {
      ranges.push([first, first]);
      continue;
    }
    if (last < first) throw new Error(`${segment} holds a range that runs backwards`);
    ranges.push([first, last]);
    index += 2;
  }
  return { kind: 'set', isNegated, ranges: merged(ranges) };
}

function merged(ranges: readonly Range[]): readonly Range[] {
  const apart: Range[] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = apart.at(-1);
    if (before !== undefined && first <= before[1] + 1) apart[apart.length - 1] = [before[0], Math.max(before[1], last)];
    else apart.push([first, last]);
  }
  return apart;
}
