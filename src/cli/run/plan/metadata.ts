import type { MetadataItem } from '../account/batchAccount.ts';
import type { WishedPool } from '../pool.ts';

/** What a run writes into its job, so that any machine can come back to it with the account alone. */
export interface RunMetadata {
  /** How many tasks the run has; a run that was killed while it added them has fewer in its job. */
  readonly tasks: number;
  /** `--output` as it was given, placeholders and all. */
  readonly outputs: readonly string[];
  /** `--to`. */
  readonly to: string;
  /** Whether the pool was made for this run. */
  readonly ownPool: boolean;
  readonly keep: boolean;
  readonly keepPool: boolean;
  /** Containers that were made for this run. */
  readonly containers: readonly string[];
  /** The pool as it was asked for, so that it can be made again; only of one that was made. */
  readonly pool?: WishedPool;
  /** Set for a job that `--resume` comes back to: it stays after a success. */
  readonly resume?: true;
  /** The task that comes after all others, and the command whose results it gets, as `commandDigest` gives it. */
  readonly merge?: { readonly task: string; readonly of: string };
  /** Set where the job is a part of a run over several accounts: their names, and how many tasks all parts have. */
  readonly parts?: { readonly accounts: readonly string[]; readonly tasks: number };
}

const NAME = 'linarite.run';

/** @param others what the job's metadata hold beside it */
export function metadataOf(run: RunMetadata, others: readonly MetadataItem[] = []): MetadataItem[] {
  return [...others.filter(({ name }) => name !== NAME), { name: NAME, value: JSON.stringify({ version: 1, ...run }) }];
}

/** Undefined for a job that no run has made, or one of a release that this one does not understand. */
export function readMetadata(items: readonly MetadataItem[] | undefined): RunMetadata | undefined {
  const text = items?.find(({ name }) => name === NAME)?.value;
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRun(value) ? value : undefined;
}

function isRun(value: unknown): value is RunMetadata {
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'version') !== 1) return false;
  const are = (name: string): boolean => {
    const list: unknown = Reflect.get(value, name);
    return Array.isArray(list) && list.every((item) => typeof item === 'string');
  };
  const is = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  const may = (name: string, isOne: (value: unknown) => boolean): boolean => Reflect.get(value, name) === undefined || isOne(Reflect.get(value, name));
  return may('parts', isParts) && may('pool', isWish) && may('merge', isMerge) && is('tasks', 'number') && is('to', 'string') && is('ownPool', 'boolean') && is('keep', 'boolean') && is('keepPool', 'boolean') && are('outputs') && are('containers');
}

function isWish(value: unknown): boolean {
  return hasMembers(value, { nodes: 'number', lowPriorityNodes: 'number', slots: 'number', vmSize: 'string' });
}

function isParts(value: unknown): boolean {
  return hasMembers(value, { accounts: 'object', tasks: 'number' }) && Array.isArray(Reflect.get(Object(value), 'accounts'));
}

function isMerge(value: unknown): boolean {
  return hasMembers(value, { task: 'string', of: 'string' });
}

function hasMembers(value: unknown, types: Readonly<Record<string, string>>): boolean {
  return typeof value === 'object' && value !== null && Object.entries(types).every(([name, type]) => typeof Reflect.get(value, name) === type);
}
