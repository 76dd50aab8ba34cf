import { quoteForShell } from '../../../base/shellWords.ts';
import { joinCommandLine, shellCommandLine } from './commandLine.ts';
import { dependenciesOn, MOST_CHARACTERS } from './dependencies.ts';
import { RunError } from '../failure.ts';
import type { Item } from './items.ts';
import { freeId, ID, MAXIMUM_ID, WHAT_IDS_ARE } from './names.ts';
import { expand, hasPlaceholders, type Values } from './placeholders.ts';
import type { SharedFile } from './resourceFiles.ts';

/** What every task of a run shares. */
export interface TaskTemplate {
  readonly argv: readonly string[];
  /** Join `argv` with spaces and have bash run it; values are then quoted for the shell. */
  readonly shell: boolean;
  /** Patterns of output files, relative to the task's working directory. */
  readonly outputs: readonly string[];
  /** Environment, name -> text with placeholders. */
  readonly environment: ReadonlyMap<string, string>;
  /** The tasks' ids with placeholders; by default their numbers and what they are made from. */
  readonly taskId?: string;
  /** The tasks of the job that each one waits for, with placeholders. */
  readonly dependsOn?: string;
  /** One more task, after all the others. */
  readonly merge?: MergeWish;
}

/** The task that `--merge` asks for. */
export interface MergeWish {
  /** A bash script, as it stands. */
  readonly script: string;
  /** Patterns of its own output files. */
  readonly outputs: readonly string[];
}

/** One task as it will be added, without anything that only storage or the job knows. */
export interface PlannedTask {
  readonly id: string;
  readonly item: Item;
  readonly commandLine: string;
  readonly outputs: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  /** Which tasks of the job it waits for, as `--depends-on` is written. */
  readonly dependsOn?: string;
  /** Set for a task whose results a merge gets: its stdout is no result of the run. */
  readonly merged?: true;
}

/** The tasks of a run, one an item, and what comes after them. */
export interface Planned {
  readonly tasks: readonly PlannedTask[];
  readonly merge: PlannedTask | undefined;
}

/**
 * The tasks of a run. @throws RunError usage, for an unknown placeholder, or ids that are none or not unique
 */
export function planTasks(items: readonly Item[], template: TaskTemplate): Planned {
  const ids = template.taskId === undefined ? defaultIds(items, template) : namedIds(items, template.taskId);
  const tasks = items.map((item, index) => planTask(item, index, ids[index] ?? '', template));
  // Told before anything is made.
  if (template.merge !== undefined) dependenciesOn(ids, '--merge');
  const merge = template.merge === undefined ? undefined : planMerge(template, template.merge, freeId('merge', new Set(ids.map((id) => id.toLowerCase()))));
  return { tasks, merge };
}

/** The task of an item under an id. @param index from 0 */
export function planTask(item: Item, index: number, id: string, template: TaskTemplate): PlannedTask {
  const values: Values = new Map([...item.values, ['index', String(index + 1)], ['task', id]]);
  return {
    id,
    item,
    commandLine: commandLineOf(template, values),
    outputs: template.outputs.map((pattern) => checkPattern(expand(pattern, values))),
    environment: [...template.environment].map(([name, text]) => ({ name, value: expand(text, values) })),
    ...(template.dependsOn === undefined ? {} : { dependsOn: expand(template.dependsOn, values) }),
    ...(template.merge === undefined ? {} : { merged: true }),
  };
}

/** The merge is made from no item: of the environment it has what is the same for all tasks. */
function planMerge({ environment }: TaskTemplate, { script, outputs }: MergeWish, id: string): PlannedTask {
  return {
    id,
    item: { label: 'the merge', values: new Map() },
    commandLine: shellCommandLine(script),
    outputs: outputs.map(checkPattern),
    environment: [...environment].filter(([, text]) => !hasPlaceholders(text)).map(([name, text]) => ({ name, value: expand(text, new Map()) })),
  };
}

/**
 * Numbers and what the items are: `007-holiday`. Where a merge has to depend on more of them than a task body has room
 * for, numbers alone, which make a range.
 */
function defaultIds(items: readonly Item[], { merge }: TaskTemplate): string[] {
  const ids = items.map(numberedId);
  const tooLong = merge !== undefined && ids.reduce((sum, { length }) => sum + length, 0) > MOST_CHARACTERS;
  return tooLong ? ids.map((_, index) => String(index + 1)) : ids;
}

/** `007-holiday`: sorts by number, tells people what it is, unique without regard to case by its number. */
function numberedId(item: Item, index: number, { length }: readonly Item[]): string {
  const number = String(index + 1).padStart(String(length).length, '0');
  const told = item.values.get('stem') ?? item.values.get('item') ?? (item.values.size === 0 ? '' : item.label);
  const slug = told.normalize('NFKD').replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return (slug === '' ? number : `${number}-${slug}`).slice(0, MAXIMUM_ID).replace(/-+$/, '');
}

/** The service does not tell ids by their case. */
function namedIds(items: readonly Item[], pattern: string): string[] {
  const taken = new Map<string, Item>();
  return items.map((item, index) => {
    const id = expand(pattern, new Map([...item.values, ['index', String(index + 1)]]));
    if (!ID.test(id)) throw new RunError('usage', `--task-id ${pattern} makes ${JSON.stringify(id)} of ${item.label}: ${WHAT_IDS_ARE}`);
    const other = taken.get(id.toLowerCase());
    if (other !== undefined) throw new RunError('usage', `--task-id ${pattern} makes ${id} of ${other.label} and of ${item.label}; {index} tells them apart`);
    taken.set(id.toLowerCase(), item);
    return id;
  });
}

function commandLineOf({ argv, shell }: TaskTemplate, values: Values): string {
  if (!shell) return joinCommandLine(argv.map((word) => expand(word, values)));
  return shellCommandLine(argv.map((word) => expand(word, values, quoteForShell)).join(' '));
}

function checkPattern(pattern: string): string {
  if (pattern === '') throw new RunError('usage', 'an --output pattern is empty');
  return pattern;
}

/** True for a pattern that may stand for several files (API reference, OutputFile.filePattern). */
export function hasWildcard(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/** Whether a run uploads anything. */
export function hasFiles(tasks: readonly PlannedTask[], shared: readonly SharedFile[]): boolean {
  return tasks.some(({ item }) => item.file !== undefined) || shared.some(({ source }) => source.kind === 'local');
}
