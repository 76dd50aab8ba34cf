import { Option, type Command } from 'commander';
import type { EvalOptions, Terminal } from './commands/autoscale.ts';
import { wholeNumber } from './wholeNumber.ts';

/**
 * Adds `autoscale check FILE` and `autoscale eval FILE --samples FILE` to the program. They end with 1 if the formula
 * has errors or fails, and throw a CommandError (2) if an input cannot be read.
 * @param terminal what to read from and print to, for tests; the process without it
 */
export function addAutoscaleCommands(program: Command, terminal?: Terminal): void {
  const autoscale = program.command('autoscale').description('check and try out autoscale formulas, without a pool');
  const format = (): Option => new Option('--format <form>', 'how to print').choices(['table', 'json']).default('table');
  const commands = () => import('./commands/autoscale.ts');
  autoscale
    .command('check')
    .description('find errors and probable mistakes in a formula')
    .argument('<file>', "the formula, '-' for standard input")
    .addOption(format())
    .action(async (file: string, options: { format: 'table' | 'json' }) => {
      const { check, PROCESS } = await commands();
      check(file, options, terminal ?? PROCESS);
    });
  autoscale
    .command('eval')
    .description('evaluate a formula over samples')
    .argument('<file>', "the formula, '-' for standard input")
    .requiredOption('--samples <file>', 'CSV (time,$ActiveTasks,...) or JSON')
    .option('--at <time>', 'the moment of evaluation (default: that of the newest sample)')
    .option('--target-dedicated <n>', 'current target of dedicated nodes', wholeNumber(0), 0)
    .option('--target-low-priority <n>', 'current target of low-priority nodes', wholeNumber(0), 0)
    .option('--current-dedicated <n>', 'dedicated nodes there are (default: the target)', wholeNumber(0))
    .option('--current-low-priority <n>', 'low-priority nodes there are (default: the target)', wholeNumber(0))
    .option('--preempted <n>', 'nodes preempted', wholeNumber(0), 0)
    .option('--usable <n>', 'nodes that can run tasks (default: all that are not preempted)', wholeNumber(0))
    .option('--task-slots <n>', 'task slots of one node', wholeNumber(0), 1)
    .option('--sample-percent <n>', 'percentage that GetSample asks for where the formula names none', wholeNumber(0, 100), 0)
    .option('--seed <n>', 'seed of rand()', wholeNumber(0), 1)
    .addOption(format())
    .action(async (file: string, options: EvalOptions) => {
      const { evaluateFile, PROCESS } = await commands();
      evaluateFile(file, options, terminal ?? PROCESS);
    });
}
