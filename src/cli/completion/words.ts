import type { Command, Option } from 'commander';
import { NOUNS, type NounName } from '../resources/nouns.ts';

/** What may come next on a command line. */
export interface Next {
  /** Words of the command line itself. */
  readonly words: readonly string[];
  /** Ids of these may stand there as well; `parent`: of what they belong to. */
  readonly ids: { readonly noun: NounName; readonly parent: string | undefined } | null;
}

const NOTHING: Next = { words: [], ids: null };

/**
 * `typed`: the words after `linarite`, the last of them begun or empty. Options come once a dash is there, as shells
 * have it.
 */
export function nextOf(program: Command, typed: readonly string[]): Next {
  const begun = typed.at(-1) ?? '';
  const before = typed.slice(0, -1);
  const { command, rest } = descend(program, before);
  const asked = optionAwaiting(command, before.at(-1));
  if (asked !== undefined) return { words: asked.argChoices ?? [], ids: null };
  if (begun.startsWith('-')) return { words: command.options.filter(({ hidden }) => !hidden).flatMap(({ long }) => (long === undefined || long === null ? [] : [long])), ids: null };
  if (command.commands.length > 0) return { words: rest.length > 0 ? [] : command.createHelp().visibleCommands(command).map((one) => one.name()), ids: null };
  return { words: [], ids: idsOf(command, rest) };
}

/** The command that the words name, and what stands there besides options and their values. */
function descend(program: Command, words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } {
  let command = program;
  const rest: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word.startsWith('-')) {
      if (optionAwaiting(command, word) !== undefined) index += 1;
      continue;
    }
    const inner = rest.length > 0 ? undefined : command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (inner === undefined) rest.push(word);
    else command = inner;
  }
  return { command, rest };
}

/** The option that the next word is the value of. */
function optionAwaiting(command: Command, word: string | undefined): Option | undefined {
  return command.options.find((option) => (option.long === word || option.short === word) && (option.required || option.optional));
}

/** Commands of `node`, `task` and the like take ids; so do `explain` and the like. */
function idsOf(command: Command, rest: readonly string[]): Next['ids'] {
  const group = [command, ...ancestors(command)].find((one) => one.name() in NOUNS);
  const name = (group?.name() ?? OTHERS[command.name()]) as NounName | undefined;
  if (name === undefined || command.name() === 'create') return name === 'task' && rest.length === 0 ? { noun: 'job', parent: undefined } : NOTHING.ids;
  const { parent } = NOUNS[name];
  if (parent === null) return { noun: name, parent: undefined };
  return rest.length === 0 ? { noun: parent, parent: undefined } : { noun: name, parent: rest[0] };
}

/** Commands beside the groups that take a job and its tasks. */
const OTHERS: Readonly<Record<string, NounName>> = { explain: 'task' };

function ancestors(command: Command): readonly Command[] {
  return command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];
}
