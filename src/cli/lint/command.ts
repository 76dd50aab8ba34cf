import { Option, type Command } from 'commander';
import type { Terminal } from '../commands/autoscale.ts';
import type { LintOptions } from '../commands/lint.ts';

/**
 * Adds `lint FILE` to the program. It ends with 1 if the service would refuse something, and throws a CommandError (2)
 * if the file cannot be read.
 * @param terminal what to read from and print to, for tests; the process without it
 */
export function addLintCommand(program: Command, terminal?: Terminal): void {
  program
    .command('lint')
    .description('find errors and probable mistakes in a pool, a job, tasks or a formula')
    .argument('<file>', "JSON or YAML of pools, jobs and tasks as clients send or list them, a template, or a formula; '-' for standard input")
    .option('--strict', 'fail for warnings too')
    .addOption(new Option('--format <form>', 'how to print').choices(['table', 'json']).default('table'))
    .action(async (file: string, options: LintOptions) => {
      const { lint } = await import('../commands/lint.ts');
      const { PROCESS } = await import('../commands/autoscale.ts');
      lint(file, options, terminal ?? PROCESS);
    });
}
