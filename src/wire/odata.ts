import { invalidQuery } from './errors.ts';
import { lowerAscii, withoutLookAlikes } from './letters.ts';
import { parseHttpDate, parseTimestamp } from './timestamps.ts';

export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le';

export type Literal =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'flag'; readonly value: boolean }
  | { readonly kind: 'time'; readonly epochMs: number }
  | { readonly kind: 'nothing' };

/** A `$filter`. Paths are property names, outermost first: `executionInfo/exitCode` is two. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly operand: Filter }
  | { readonly kind: 'compare'; readonly path: readonly string[]; readonly operator: Comparison; readonly literal: Literal }
  | { readonly kind: 'startsWith'; readonly path: readonly string[]; readonly prefix: string }
  /** A property that is itself true or false. */
  | { readonly kind: 'flag'; readonly path: readonly string[] };

/** Which of its properties a list may be filtered by, and how: every other path is refused. */
export type FilterTable = Readonly<Record<string, readonly (Comparison | 'startswith')[]>>;

interface Token {
  readonly kind: 'word' | 'text' | 'number' | 'time' | 'open' | 'close' | 'comma' | 'end';
  readonly text: string;
}

const TOKEN_FORM = /\s*(?:(datetime(?:offset)?'[^']*')|('(?:[^']|'')*')|(-?\d+(?:\.\d+)?)(?![\w'])|([A-Za-z_][\w.]*(?:\/[A-Za-z_][\w.]*)*)|(\()|(\))|(,))/iy;
const KINDS = ['time', 'text', 'number', 'word', 'open', 'close', 'comma'] as const;
const COMPARISONS: ReadonlySet<string> = new Set<Comparison>(['eq', 'ne', 'gt', 'ge', 'lt', 'le']);

/** Bounds that keep one query cheap; no documented filter comes near them. */
const LIMITS = { characters: 8192, depth: 32 } as const;

/**
 * Reads a `$filter` (operations.md 1.2): comparisons, `and`, `or`, `not`, parentheses, `startswith`, literals with
 * dates as `DateTime'2011-05-08T08:49:37Z'` or `DateTime'Sun, 08 May 2011 08:49:37 GMT'`. Keywords match in any case,
 * property names only in theirs.
 * @throws BatchError InvalidQueryParameterValue with the place of the fault.
 */
export function parseFilter(text: string): Filter {
  if (text.length > LIMITS.characters) throw invalidQuery('$filter', text, `A filter has at most ${LIMITS.characters} characters.`);
  const tokens = tokenize(text);
  let index = 0;
  let depth = 0;
  const peek = (): Token => tokens[index] ?? { kind: 'end', text: '' };
  const take = (): Token => tokens[index++] ?? { kind: 'end', text: '' };
  const unexpected = (token: Token): never => fault(text, token.kind === 'end' ? 'The filter ends too early.' : `'${token.text}' is not expected there.`);
  const expect = (kind: Token['kind']): Token => (peek().kind === kind ? take() : unexpected(peek()));
  const isWord = (word: string): boolean => peek().kind === 'word' && peek().text.toLowerCase() === word;

  function parseOr(): Filter {
    let left = parseAnd();
    while (isWord('or')) {
      take();
      left = { kind: 'or', left, right: parseAnd() };
    }
    return left;
  }

  function parseAnd(): Filter {
    let left = parseUnary();
    while (isWord('and')) {
      take();
      left = { kind: 'and', left, right: parseUnary() };
    }
    return left;
  }

  function parseUnary(): Filter {
    if (++depth > LIMITS.depth) return fault(text, `A filter nests at most ${LIMITS.depth} levels.`);
    const filter = parseOperand();
    depth -= 1;
    return filter;
  }

  function parseOperand(): Filter {
    if (isWord('not')) {
      take();
      return { kind: 'not', operand: parseUnary() };
    }
    if (peek().kind === 'open') {
      take();
      const inner = parseOr();
      expect('close');
      return inner;
    }
    const word = expect('word').text;
    if (word.toLowerCase() === 'startswith' && peek().kind === 'open') return parseStartsWith();
    const path = word.split('/');
    const operator = peek().text.toLowerCase();
    if (peek().kind !== 'word' || !isComparison(operator)) return { kind: 'flag', path };
    take();
    return { kind: 'compare', path, operator, literal: literalOf(path, parseLiteral(take())) };
  }

  function parseStartsWith(): Filter {
    expect('open');
    const path = expect('word').text.split('/');
    expect('comma');
    const prefix = unquote(expect('text').text);
    expect('close');
    const filter: Filter = { kind: 'startsWith', path, prefix: isIdPath(path) ? withoutLookAlikes(prefix) : prefix };
    // `startswith(id,'a') eq true` is the long form of the same.
    if (!isWord('eq')) return filter;
    take();
    const literal = parseLiteral(take());
    if (literal.kind !== 'flag') return fault(text, 'startswith is true or false.');
    return literal.value ? filter : { kind: 'not', operand: filter };
  }

  function parseLiteral(token: Token): Literal {
    switch (token.kind) {
      case 'text':
        return { kind: 'text', value: unquote(token.text) };
      case 'number':
        return { kind: 'number', value: Number(token.text) };
      case 'time':
        return { kind: 'time', epochMs: parseDate(token.text) };
      case 'word': {
        const word = token.text.toLowerCase();
        if (word === 'true' || word === 'false') return { kind: 'flag', value: word === 'true' };
        if (word === 'null') return { kind: 'nothing' };
        return unexpected(token);
      }
      default:
        return unexpected(token);
    }
  }

  function parseDate(token: string): number {
    const inner = token.slice(token.indexOf("'") + 1, -1);
    return parseTimestamp(inner) ?? parseHttpDate(inner) ?? fault(text, `'${inner}' is no date and time.`);
  }

  const filter = parseOr();
  if (peek().kind !== 'end') unexpected(peek());
  return filter;
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  const form = new RegExp(TOKEN_FORM);
  const end = text.trimEnd().length;
  while (form.lastIndex < end) {
    const start = form.lastIndex;
    const match = form.exec(text);
    if (match === null) return fault(text, `Character ${start + 1} begins nothing that a filter may hold.`);
    const found = match.slice(1).findIndex((group) => group !== undefined);
    tokens.push({ kind: KINDS[found] ?? 'end', text: match[found + 1] ?? '' });
  }
  return tokens;
}

/** Ids compare without case, but have ASCII letters alone. */
function literalOf(path: readonly string[], literal: Literal): Literal {
  return literal.kind === 'text' && isIdPath(path) ? { kind: 'text', value: withoutLookAlikes(literal.value) } : literal;
}

function isIdPath(path: readonly string[]): boolean {
  return /(^i|I)d$/.test(path.at(-1) ?? '');
}

function isComparison(text: string): text is Comparison {
  return COMPARISONS.has(text);
}

function unquote(text: string): string {
  return text.slice(1, -1).replaceAll("''", "'");
}

function fault(filter: string, reason: string): never {
  throw invalidQuery('$filter', filter, reason);
}

/** The kind of literal that a property's values are; null may be compared with all of them. */
export type LiteralKind = Exclude<Literal['kind'], 'nothing'>;

/** Literals that a property may be compared with. `values`: those of an enum; undefined: any of the kind. */
export interface LiteralType {
  readonly kind: LiteralKind;
  readonly values: readonly string[] | undefined;
}

type TypeOf = (path: readonly string[]) => LiteralType;

/**
 * Refuses paths and operators that the table of a list does not have, literals of another kind than the property, and
 * values that an enum does not have: no value compares with them, and an empty list would hide the mistake (OData's own
 * readers refuse "incompatible types" as well; the service's page of error codes has the state `deleted` for its
 * example of an invalid value).
 */
export function checkFilter(filter: Filter, table: FilterTable, typeOf: TypeOf, text: string): void {
  switch (filter.kind) {
    case 'and':
    case 'or':
      checkFilter(filter.left, table, typeOf, text);
      checkFilter(filter.right, table, typeOf, text);
      return;
    case 'not':
      checkFilter(filter.operand, table, typeOf, text);
      return;
    case 'compare':
      checkPath(filter.path, filter.operator, table, text);
      checkLiteral(filter.path, filter.literal, typeOf(filter.path), text);
      return;
    case 'startsWith':
      checkPath(filter.path, 'startswith', table, text);
      return;
    case 'flag':
      checkPath(filter.path, 'eq', table, text);
      checkKind(filter.path, 'flag', typeOf(filter.path).kind, text);
  }
}

function checkLiteral(path: readonly string[], literal: Literal, { kind, values }: LiteralType, text: string): void {
  if (literal.kind === 'nothing') return;
  checkKind(path, literal.kind, kind, text);
  if (literal.kind !== 'text' || values === undefined || values.some((value) => lowerAscii(value) === lowerAscii(literal.value))) return;
  fault(text, `'${path.join('/')}' is never '${literal.value}', only one of: ${values.join(', ')}.`);
}

const KIND_NAMES: Readonly<Record<LiteralKind, string>> = {
  text: "a text in quotes, such as 'a'",
  number: 'a number',
  flag: 'true or false',
  time: "a date and time, such as DateTime'2011-05-08T08:49:37Z'",
};

function checkKind(path: readonly string[], kind: LiteralKind, wanted: LiteralKind, text: string): void {
  if (kind !== wanted) fault(text, `'${path.join('/')}' is compared with ${KIND_NAMES[wanted]}.`);
}

function checkPath(path: readonly string[], operator: Comparison | 'startswith', table: FilterTable, text: string): void {
  const name = path.join('/');
  const operators = Object.hasOwn(table, name) ? table[name] : undefined;
  if (operators === undefined) fault(text, `This list cannot be filtered by '${name}'.`);
  if (!operators.includes(operator)) fault(text, `'${name}' cannot be compared with '${operator}'.`);
}

/**
 * Whether an object (as `writeBody` gives it, or canonical) passes a filter. Text compares without case; a property
 * that is absent is unequal to every literal but null and neither less nor greater than any.
 */
export function matches(filter: Filter, object: object): boolean {
  switch (filter.kind) {
    case 'and':
      return matches(filter.left, object) && matches(filter.right, object);
    case 'or':
      return matches(filter.left, object) || matches(filter.right, object);
    case 'not':
      return !matches(filter.operand, object);
    case 'startsWith': {
      const value = valueAt(object, filter.path);
      return typeof value === 'string' && value.toLowerCase().startsWith(filter.prefix.toLowerCase());
    }
    case 'flag':
      return valueAt(object, filter.path) === true;
    case 'compare':
      return compare(valueAt(object, filter.path), filter.operator, filter.literal);
  }
}

function valueAt(object: object, path: readonly string[]): unknown {
  let value: unknown = object;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function compare(value: unknown, operator: Comparison, literal: Literal): boolean {
  const order = orderOf(value, literal);
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
  }
}

/**
 * Negative, zero or positive as the value stands to the literal; NaN, which is none of them, where they do not compare.
 */
function orderOf(value: unknown, literal: Literal): number {
  switch (literal.kind) {
    case 'nothing':
      return value === undefined || value === null ? 0 : Number.NaN;
    case 'text': {
      if (typeof value !== 'string') return Number.NaN;
      const [left, right] = [value.toLowerCase(), literal.value.toLowerCase()];
      return left === right ? 0 : left < right ? -1 : 1;
    }
    case 'number':
      // int64 properties are strings on the wire.
      return typeof value === 'number' ? value - literal.value : typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) - literal.value : Number.NaN;
    case 'flag':
      return typeof value === 'boolean' ? Number(value) - Number(literal.value) : Number.NaN;
    case 'time':
      return typeof value === 'string' ? (parseTimestamp(value) ?? Number.NaN) - literal.epochMs : Number.NaN;
  }
}
