import { messageOf } from '../../base/errors.ts';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml';

/** A JSON or YAML text with the places of its values. */
export interface Document {
  readonly value: unknown;
  /**
   * Where a value stands: of `names`, property names (in any case, with or without underscores) and places in lists,
   * each is looked for in what the one before has led to, at any depth. What is not found ends the search there, so
   * that a place is always given.
   */
  placeOf(names: Path): Place;
}

export type Path = readonly (string | number)[];

/** 1-based; the offsets are in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly column: number;
  readonly span: { readonly start: number; readonly end: number };
}

/** A text that is neither JSON nor YAML, with the place of the first fault. */
export class Unreadable extends Error {
  readonly place: Place;
  constructor(message: string, place: Place) {
    super(message);
    this.place = place;
  }
}

/** Aliases of a small text could mean gigabytes. */
const MOST_ALIASES = 100;

/** @throws Unreadable */
export function readDocument(text: string): Document {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (start: number, end: number): Place => {
    const { line, col } = lines.linePos(start);
    return { line: Math.max(line, 1), column: Math.max(col, 1), span: { start, end } };
  };
  const [fault] = document.errors;
  if (fault !== undefined) throw new Unreadable(fault.message, placeAt(fault.pos[0], fault.pos[1]));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw new Unreadable(messageOf(error), placeAt(0, 0));
  }
  return {
    value,
    placeOf: (names) => {
      let node: unknown = document.contents;
      for (const name of names) {
        const found = typeof name === 'number' ? item(node, name) : property(node, sameName(name));
        if (found === undefined) break;
        node = found;
      }
      const [start, end] = rangeOf(node);
      return placeAt(start, end);
    },
  };
}

function item(node: unknown, index: number): unknown {
  return isSeq(node) ? node.items[index] : undefined;
}

/** What Resource Manager calls otherwise. */
const NAMES_IN_ARM: Readonly<Record<string, string>> = { autoscaleformula: 'formula' };

function property(root: unknown, name: string): unknown {
  const inArm = NAMES_IN_ARM[name];
  return nearest(root, name) ?? (inArm === undefined ? undefined : nearest(root, inArm));
}

/** Breadth first: forms of the same resource wrap its properties differently. */
function nearest(root: unknown, name: string): unknown {
  for (let level = [root]; level.length > 0; ) {
    const next: unknown[] = [];
    for (const node of level) {
      if (isSeq(node)) next.push(...node.items);
      if (!isMap(node)) continue;
      for (const { key, value } of node.items) {
        if (isScalar(key) && sameName(String(key.value)) === name) return value;
        next.push(value);
      }
    }
    level = next;
  }
  return undefined;
}

function sameName(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

function rangeOf(node: unknown): readonly [number, number] {
  const range = (node as Node | null | undefined)?.range;
  return range ? [range[0], range[1]] : [0, 0];
}
