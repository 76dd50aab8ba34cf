import { quoteForShell } from '../../shellWords.ts';
import { joinCommandLine, shellCommandLine } from './commandLine.ts';
import { RunError } from '../failure.ts';
import type { Item } from './items.ts';
import { expand, type Values } from './placeholders.ts';

/** What every task of a run shares. */
export interface TaskTemplate {
  readonly argv: readonly string[];
  /** Join `argv` with spaces and have bash run it; values are then quoted for the shell. */
  readonly shell: boolean;
  /** Patterns of output files, relative to the task's working directory. */
  readonly outputs: readonly string[];
  /** Environment, name -> text with placeholders. */
  readonly environment: ReadonlyMap<string, string>;
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

/** The tasks of a run, one an item. @throws RunError usage, for an unknown placeholder */
export function planTasks(items: readonly Item[], template: TaskTemplate): PlannedTask[] {
  const digits = String(items.length).length;
  return items.map((item, index) => {
    const number = index + 1;
    const id = taskId(String(number).padStart(digits, '0'), item);
    const values: Values = new Map([...item.values, ['index', String(number)], ['task', id]]);
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
function taskId(number: string, item: Item): string {
  const told = item.values.get('stem') ?? item.values.get('item') ?? [...item.values.values()][0] ?? '';
  const slug = told.normalize('NFKD').replaceAll(/[^A-Za-z0-9_-]+/g, '-').replaceAll(/^-+|-+$/g, '');
  return (slug === '' ? number : `${number}-${slug}`).slice(0, MAXIMUM_ID).replace(/-+$/, '');
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
