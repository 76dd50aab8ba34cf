import { quoteForShell } from '../../shellWords.ts';
import { joinCommandLine, shellCommandLine } from './commandLine.ts';
import { RunError } from '../failure.ts';
import type { Item } from './items.ts';
import { ID, WHAT_IDS_ARE } from './names.ts';
import { expand, type Values } from './placeholders.ts';
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
}

/** One task as it will be added, without anything that only storage knows. */
export interface PlannedTask {
  readonly id: string;
  readonly item: Item;
  readonly commandLine: string;
  readonly outputs: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Bounds of the service (API reference: Task.id; Task.commandLine has none of its own, a task's body is bounded by 1
 * MB).
 */
const MAXIMUM_ID = 64;

/**
 * The tasks of a run, one an item. @throws RunError usage, for an unknown placeholder, or ids that are none or not
 * unique
 */
export function planTasks(items: readonly Item[], template: TaskTemplate): PlannedTask[] {
  const ids = template.taskId === undefined ? items.map(numberedId) : namedIds(items, template.taskId);
  return items.map((item, index) => {
    const id = ids[index] ?? '';
    const values: Values = new Map([...item.values, ['index', String(index + 1)], ['task', id]]);
    return {
      id,
      item,
      commandLine: commandLineOf(template, values),
      outputs: template.outputs.map((pattern) => checkPattern(expand(pattern, values))),
      environment: [...template.environment].map(([name, text]) => ({ name, value: expand(text, values) })),
    };
  });
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
