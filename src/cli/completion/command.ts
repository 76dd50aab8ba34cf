import { Argument, type Command } from 'commander';
import { SCRIPTS, SHELLS, type Shell } from './scripts.ts';

/** Adds `completion`, which prints what a shell needs, and `complete`, which that asks. */
export function addCompletionCommands(program: Command): void {
  program
    .command('completion')
    .description('have bash, zsh or fish complete commands, options and ids: eval "$(linarite completion bash)"')
    .addArgument(new Argument('<shell>').choices([...SHELLS]))
    .action((shell: Shell) => void process.stdout.write(SCRIPTS[shell]));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: readonly string[]) => (await import('./complete.ts')).complete(program, words));
}
