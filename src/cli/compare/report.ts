import type { Difference } from './differences.ts';

/** An exchange and what came of it here. */
export interface Compared {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  /** As recorded. */
  readonly status: number;
  /**
   * `behind`: alike but for how far something had come; `follows`: it is about what could not be made here; `unsent`:
   * it could not be sent. The reason says why.
   */
  readonly outcome: 'alike' | 'behind' | 'differs' | 'follows' | 'unsent';
  readonly reason?: string;
  readonly differences: readonly Difference[];
}

/** What `-o json` prints. */
export interface Comparison {
  readonly there: string;
  readonly here: string;
  readonly exchanges: readonly Compared[];
  readonly alike: number;
  readonly behind: number;
  readonly differ: number;
  readonly follow: number;
  readonly unsent: number;
}

/** How far something had come is no difference between two services. */
export function isAlike({ kind }: Difference): boolean {
  return kind === 'progress';
}

const MOST_SHOWN = 20;
const LONGEST_VALUE = 120;

/** An exchange that is alike has none. */
export function linesOf({ number, method, path, status, outcome, reason, differences }: Compared): readonly string[] {
  if (outcome === 'unsent') return [`${number}  ${method} ${path}`, `    not sent: ${reason ?? ''}`];
  if (outcome !== 'differs') return [];
  const told = differences.filter((one) => !isAlike(one));
  const more = told.length - MOST_SHOWN;
  return [`${number}  ${method} ${path}  ${status}`, ...told.slice(0, MOST_SHOWN).map(lineOf), ...(more > 0 ? [`    … and ${more} more: -o json has them all`] : [])];
}

function lineOf({ kind, place, there, here }: Difference): string {
  switch (kind) {
    case 'missing':
      return `    missing  ${place}: ${shown(there)}`;
    case 'added':
      return `    added    ${place}: ${shown(here)}`;
    case 'status':
    case 'code':
    case 'header':
    case 'type':
    case 'value':
    case 'progress':
      return `    ${kind.padEnd(8)} ${kind === place ? '' : `${place}: `}${shown(there)} there, ${shown(here)} here`;
  }
}

/** Answers come from elsewhere: what steers a terminal is shown, not sent. */
function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value).replaceAll(/[\p{Cc}\p{Bidi_Control}]/gu, '\u241b');
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}
