import { KINDS, type Kind, type Transition } from '../../core/transitions/transition.ts';
import { lowerAscii } from '../../wire/letters.ts';

/** Which events somebody wants to hear of. Left out: all. Ids in lower case. */
export interface Selection {
  readonly kinds?: readonly string[];
  readonly pool?: string;
  readonly job?: string;
  readonly states?: readonly string[];
}

/** What names several kinds at once, beside nouns. */
const GROUPS: Readonly<Record<string, readonly Kind[]>> = { 'task.completed': ['task.succeeded', 'task.failed'] };

const NOUNS: ReadonlySet<string> = new Set(Object.keys(KINDS).map(nounOf));

function nounOf(kind: string): string {
  return kind.slice(0, kind.indexOf('.'));
}

/** A kind, a noun (`task`, `task.*`) or a group (`task.completed`). */
export function isKindSelector(word: string): boolean {
  return word in KINDS || word in GROUPS || NOUNS.has(nounWord(word));
}

function nounWord(word: string): string {
  return word.endsWith('.*') ? word.slice(0, -2) : word;
}

/** All kinds that these words name. */
function kindsOf(words: readonly string[]): ReadonlySet<string> {
  return new Set<string>(words.flatMap((word): readonly string[] => GROUPS[word] ?? (word in KINDS ? [word] : Object.keys(KINDS).filter((kind) => nounOf(kind) === nounWord(word)))));
}

export function matcher({ kinds, pool, job, states }: Selection): (transition: Transition) => boolean {
  const wanted = kinds === undefined ? null : kindsOf(kinds);
  const inStates = states === undefined ? null : new Set(states);
  return (transition) => {
    if (wanted !== null && !wanted.has(transition.kind)) return false;
    if (inStates !== null && !inStates.has(transition.state)) return false;
    if (job !== undefined && !('jobId' in transition && isSame(transition.jobId, job))) return false;
    return pool === undefined || ('poolId' in transition && isSame(transition.poolId, pool));
  };
}

function isSame(id: string | null | undefined, lower: string): boolean {
  return id !== null && id !== undefined && lowerAscii(id) === lower;
}
