import { Option, type Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Adds `cost`: what nodes, pools, jobs and tasks cost (docs/cost.md). */
export function addCostCommand(program: Command): void {
  withTargetOptions(program.command('cost'))
    .description('what the nodes of the account cost so far, by pool, size and kind')
    .option('--pool <pool>', 'of one pool, also of one that is gone')
    .option('--job <job>', 'of the tasks of a job: their part of the nodes while they ran')
    .option('--task <task>', 'of one task of the job')
    .option('--since <time>', 'from then on: 30min, 12h, 7d, or a date; whole hours')
    .option('--region <region>', 'whose prices count (default: westeurope)')
    .addOption(new Option('--format <format>', 'how it is told').choices(['table', 'json']).default('table'))
    .action(async (options) => (await import('./commands/cost.ts')).cost(options));
}
