import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';
import { timeBetween } from './time.ts';
import { wholeNumber } from './wholeNumber.ts';

/**
 * Adds `drill preempt|list|stop`: low-priority nodes are taken back on purpose (docs/low-priority.md); and `drill
 * region-outage` (docs/regions.md).
 */
export function addDrillCommands(program: Command): void {
  const drill = program.command('drill').description('take nodes or a whole service away on purpose, to see what becomes of the work on them');
  const commands = () => import('./commands/drill.ts');
  const time = (least: number) => timeBetween(least, 30 * 86_400_000, 'a time like 30s, 10m or 2h');
  withTargetOptions(drill.command('preempt'))
    .description('take so many of the low-priority nodes back in a time, each with a notice')
    .requiredOption('--rate <share>', 'how many, on average, of all there are: 10%/min, 50%/h')
    .option('--pool <id>', 'only of this pool, and of others that are named so (default: of all)', (id: string, ids: readonly string[] = []) => [...ids, id])
    .option('--seed <n>', 'decides which nodes are taken, and when', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--for <time>', 'end after so long, like 10m (default: when it is stopped)', time(1_000))
    .option('--grace <time>', 'from a notice until the node is taken back (default: that of the service, see up --preemption-grace)', time(0))
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).preempt(options));
  drill
    .command('region-outage')
    .description('run tasks over two services and kill one of them in the middle; exit code 1 when a result is missing, wrong or there twice')
    .option('--seed <n>', 'decides which service ends, when, and how long tasks work', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--tasks <n>', 'how many', wholeNumber(4, 1_000), 16)
    .option('--lost-after <time>', 'a service that is silent for so long is lost', timeBetween(1_000, 3_600_000, 'a time from 1s to 1h, like 5s'), 3_000)
    .option('--account <directory>', 'of two services of this machine, given twice: one of them is killed, and started again (default: two that are made for it)', (place: string, places: readonly string[] = []) => [...places, place])
    .option('--json', 'for programs')
    .action(async (options) => {
      process.exitCode = await (await import('./regionDrill/drill.ts')).regionOutage(options);
    });
  withTargetOptions(drill.command('list'))
    .description('the drills that run, and those that are over')
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).list(options));
  withTargetOptions(drill.command('stop'))
    .description('end drills: nodes that have a notice are still taken back')
    .argument('[id...]', 'which (default: all that run)')
    .action(async (ids, options) => (await commands()).stop(ids, options));
}
