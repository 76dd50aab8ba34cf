import { accountOf } from '../../core/node/numbers.ts';
import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import type { NodeRequest } from '../provider.ts';

/**
 * Nodes by the names of their jobs. Slurm keeps the name, so whoever reads the queue knows whose each job is: nothing
 * has to be recorded before or after a submission. Many nodes are one job array: the name has the first of them, and
 * the index of an element says how far its node is from there.
 */
export interface NodeLife {
  readonly node: NodeNumber;
  readonly life: number;
  readonly priority: NodeRequest['priority'];
}

/** Nodes of one submission: the same life and priority, numbers `first + index`. */
export interface NodeArray extends Omit<NodeLife, 'node'> {
  readonly first: NodeNumber;
  readonly indices: readonly number[];
}

const PRIORITY_LETTERS = { dedicated: 'd', low: 'l' } as const;
const NAME = /^linarite-(.+)-a(\d+)-n(\d+)-l(\d+)-([dl])$/;

/** Whose the jobs are: of this provider of a service, or of several on one database. */
export function ownerOf({ cluster, name }: { readonly cluster: string; readonly name: string }): string {
  return `${cluster}-${name}`;
}

export function jobNameOf(owner: string, { first, life, priority }: Omit<NodeArray, 'indices'>): string {
  return `linarite-${owner}-a${accountOf(first)}-n${first}-l${life}-${PRIORITY_LETTERS[priority]}`;
}

/**
 * The node of a job of this owner (`ownerOf`); null: the job is somebody else's. `index`: null where it is in no array.
 */
export function nodeOfJob(owner: string, name: string, index: number | null): NodeLife | null {
  const [, of, , first, life, letter] = NAME.exec(name) ?? [];
  if (of !== owner) return null;
  return { node: Number(first) + (index ?? 0), life: Number(life), priority: letter === 'l' ? 'low' : 'dedicated' };
}

/** As few arrays as the bounds of the engine allow. `mostIndex`: the largest index that it takes. */
export function arraysOf(lives: readonly NodeLife[], mostIndex: number): readonly NodeArray[] {
  const arrays: { first: NodeNumber; life: number; priority: NodeRequest['priority']; indices: number[] }[] = [];
  const open = new Map<string, (typeof arrays)[number]>();
  for (const { node, life, priority } of lives.toSorted((one, other) => one.node - other.node)) {
    const key = `${accountOf(node)} ${life} ${priority}`;
    const present = open.get(key);
    if (present !== undefined && node - present.first <= mostIndex) {
      if (present.indices.at(-1) !== node - present.first) present.indices.push(node - present.first);
      continue;
    }
    const begun = { first: node, life, priority, indices: [0] };
    arrays.push(begun);
    open.set(key, begun);
  }
  return arrays;
}

/** As `--array` takes them: `0-3,7`. */
export function indexWords(indices: readonly number[]): string {
  const words: string[] = [];
  for (let at = 0; at < indices.length; ) {
    const from = indices[at] ?? 0;
    let to = from;
    while (indices[at + 1] === to + 1) {
      to += 1;
      at += 1;
    }
    words.push(from === to ? String(from) : `${from}-${to}`);
    at += 1;
  }
  return words.join(',');
}

/** Whether a job of this account. */
export function isOf(account: AccountNumber | 'all', node: NodeNumber): boolean {
  return account === 'all' || accountOf(node) === account;
}
