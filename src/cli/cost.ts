import { Option, type Command } from 'commander';

/** Adds `cost`: what nodes, pools, jobs and tasks cost (docs/cost.md). */
export function addCostCommand(program: Command): void {
  program
    .command('cost')
    .description('what the nodes of the account cost so far, by pool, size and kind')
    .option('--pool <pool>', 'of one pool, also of one that is gone')
    .option('--job <job>', 'of the tasks of a job: their part of the nodes while they ran')
    .option('--task <task>', 'of one task of the job')
    .option('--since <time>', 'from then on: 30min, 12h, 7d, or a date; whole hours')
    .option('--region <region>', 'whose prices count (default: westeurope)')
    .addOption(new Option('--format <format>', 'how it is told').choices(['table', 'json']).default('table'))
    .addOption(new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)'))
    .action(async (options) => (await import('./commands/cost.ts')).cost(options));
}
