import type { Command } from 'commander';
import { program } from '../../src/cli/program.ts';

/** What is wrong with the words after `linarite`; undefined: the command line is right. Nothing of it is done. */
export function complaintAbout(words: readonly string[]): string | undefined {
  let said = '';
  disarm(program, (text) => (said += text));
  try {
    program.parse([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'commander.version' || code === 'commander.helpDisplayed') return undefined;
    return said.trim() || String(error);
  }
}

/** Flags of all commands: `--data-dir`, `-o`. */
export function allFlags(command: Command = program): ReadonlySet<string> {
  const own = command.options.flatMap(({ long, short }) => [long, short].filter((flag) => typeof flag === 'string'));
  return new Set([...own, ...command.commands.flatMap((inner) => [...allFlags(inner)]), '--help', '-h', '--version', '-V']);
}

/** Of a command that acts, the act is taken away; one that only has others within keeps its complaint about that. */
function disarm(command: Command, say: (text: string) => void): void {
  command.configureOutput({ writeOut: () => undefined, writeErr: say });
  command.exitOverride();
  if (Reflect.get(command, '_actionHandler')) command.action(() => undefined);
  for (const inner of command.commands) disarm(inner, say);
}
