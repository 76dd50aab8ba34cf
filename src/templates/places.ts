import { readExtendedJson } from './extendedJson.ts';
import { TEMPLATE_LIMITS } from './limits.ts';

/** Where something stands in a text: line and column from 1, and the path to it. 0 and 0: not known. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** As Resource Manager's reader of JSON writes it: `properties.template.resources[0]`. */
  readonly path: string;
}

export const NOWHERE: Place = { line: 0, column: 0, path: '' };

/** The places of all values of a JSON text, by path. */
export type Places = (path: string) => Place;

/** Comments among them; words of another kind end before one. */
const TOKEN = /\/\/[^\r\n]*|\/\*.*?\*\/|[{}[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}[\],:"/]+/gs;
/** What is deeper is refused in any case; a path gets longer with each level. */
const DEPTH = 2 * TEMPLATE_LIMITS.jsonDepth;
const PLAIN_NAME = /^[A-Za-z_$][A-Za-z0-9_$-]*$/;

type Open = { readonly kind: 'object'; readonly path: string; name: string | null } | { readonly kind: 'array'; readonly path: string; index: number };

/**
 * Finds the places in a text that `readExtendedJson` has accepted. Resource Manager tells where a value's first token
 * ends: the brace of an object, the closing quote of a text. Its messages have the brace of a resource that is eight
 * blanks in `at line '34' and column '9'`.
 */
export function placesOf(text: string): Places {
  const places = new Map<string, Place>();
  const open: Open[] = [];
  let line = 1;
  let lineStart = 0;
  let seen = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    for (let at = text.indexOf('\n', seen); at !== -1 && at < index; at = text.indexOf('\n', at + 1)) {
      line++;
      lineStart = at + 1;
    }
    seen = index;
    const inside = open.at(-1);
    if (token === '}' || token === ']') {
      open.pop();
      continue;
    }
    if (token === ':' || token.startsWith('/')) continue;
    if (token === ',') {
      if (inside?.kind === 'array') inside.index++;
      else if (inside !== undefined) inside.name = null;
      continue;
    }
    if (inside?.kind === 'object' && inside.name === null) {
      inside.name = nameOf(token);
      continue;
    }
    const path = inside === undefined ? '' : pathIn(inside);
    places.set(path, { line, column: index + token.length - lineStart, path });
    if (token === '{') open.push({ kind: 'object', path, name: null });
    else if (token === '[') open.push({ kind: 'array', path, index: 0 });
    if (open.length > DEPTH) break;
  }
  return (path) => places.get(path) ?? { ...NOWHERE, path };
}

/** The path of a member of what is at a path. */
export function below(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  if (!PLAIN_NAME.test(step)) return `${path}['${step}']`;
  return path === '' ? step : `${path}.${step}`;
}

function pathIn(inside: Open): string {
  return below(inside.path, inside.kind === 'array' ? inside.index : (inside.name ?? ''));
}

function nameOf(token: string): string {
  return token.startsWith('"') ? String(readExtendedJson(token)) : token;
}
