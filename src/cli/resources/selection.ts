import { CommandError, EXIT } from '../errors.ts';
import { at, text, type Item, type Noun } from './nouns.ts';

/** What of a list a command is about. */
export interface Selection {
  /** Ids that are named; none are asked of the list for them. */
  readonly ids: readonly string[];
  /** Ids with `*` and `?`. */
  readonly globs: readonly string[];
  /** The one that was made last. */
  readonly last: boolean;
  readonly failed: boolean;
  /** As the service spells them; none: any. */
  readonly states: readonly string[];
  readonly all: boolean;
}

export interface SelectionFlags {
  readonly failed?: boolean;
  /** With commas between. */
  readonly state?: string;
  readonly all?: boolean;
}

/** Reads words and flags. @throws CommandError usage: a state that there is not. */
export function readSelection(noun: Pick<Noun, 'plural' | 'states'>, words: readonly string[], { failed = false, state, all = false }: SelectionFlags): Selection {
  const isGlob = (word: string): boolean => /[*?]/.test(word);
  const named = words.filter((word) => !isGlob(word) && word !== LAST);
  return { ids: [...new Set(named.map(plain))], globs: words.filter(isGlob), last: words.includes(LAST), failed, states: state === undefined ? [] : state.split(',').map((one) => stateOf(noun, one.trim())), all };
}

const LAST = 'last';
/** A resource that is really called `last`. */
const PLAIN = 'id:';

function plain(word: string): string {
  return word.startsWith(PLAIN) ? word.slice(PLAIN.length) : word;
}

function stateOf({ plural, states }: Pick<Noun, 'plural' | 'states'>, word: string): string {
  const found = states.find((state) => state.toLowerCase() === word.toLowerCase());
  if (found === undefined) throw new CommandError(EXIT.usage, `${word} is no state of ${plural}: there are ${states.join(', ')}`);
  return found;
}

/** Whether ids alone are named, so that no list is needed. */
export function isOfIds({ globs, last, failed, states, all }: Selection): boolean {
  return globs.length === 0 && !last && !failed && states.length === 0 && !all;
}

/** Whether it says anything at all. */
export function isEmpty(selection: Selection): boolean {
  return isOfIds(selection) && selection.ids.length === 0;
}

/** What the service can sort out itself, as OData; null: nothing. */
export function filterOf(noun: Noun, { ids, globs, failed, states }: Selection): string | null {
  const parts = [
    ...(states.length === 0 ? [] : [states.map((state) => `state eq '${state}'`).join(' or ')]),
    ...(failed && noun.failedFilter !== null ? [noun.failedFilter] : []),
    ...prefixFilter(ids, globs),
  ];
  return parts.length === 0 ? null : parts.length === 1 ? (parts[0] ?? null) : parts.map((part) => `(${part})`).join(' and ');
}

/** Of one pattern what stands before its first wildcard. */
function prefixFilter(ids: readonly string[], globs: readonly string[]): readonly string[] {
  const [prefix = ''] = /^[^*?]*/.exec(globs[0] ?? '') ?? [];
  return ids.length > 0 || globs.length !== 1 || prefix === '' ? [] : [`startswith(id,'${prefix.replaceAll("'", "''")}')`];
}

/** Whether one of the list is meant. `last` is not asked here: it is about the list as a whole. */
export function isMeant(noun: Pick<Noun, 'isFailed'>, { ids, globs, failed, states }: Selection): (item: Item) => boolean {
  const patterns = globs.map(patternOf);
  const names = new Set(ids.map((id) => id.toLowerCase()));
  return (item) => {
    const id = text(item, 'id');
    const isNamed = (names.size === 0 && patterns.length === 0) || names.has(id.toLowerCase()) || patterns.some((pattern) => pattern.test(id));
    return isNamed && (states.length === 0 || states.includes(text(item, 'state'))) && (!failed || noun.isFailed(item));
  };
}

function patternOf(glob: string): RegExp {
  const source = glob.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`).replaceAll(/\*+/g, '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i');
}

/** The one that was made last; of equal times the later in the list. */
export function newestOf(items: Iterable<Item>): Item | undefined {
  let newest: Item | undefined;
  for (const item of items) if (newest === undefined || madeAt(item) >= madeAt(newest)) newest = item;
  return newest;
}

/** Nodes say when they were allocated. */
function madeAt(item: Item): number {
  const time = Date.parse(String(at(item, 'creationTime') ?? at(item, 'allocationTime') ?? ''));
  return Number.isNaN(time) ? 0 : time;
}
