import { Option, type Command } from 'commander';
import { timeBetween } from './time.ts';
import { wholeNumber } from './wholeNumber.ts';

/** Adds `drill preempt|list|stop`: low-priority nodes are taken back on purpose (docs/low-priority.md). */
export function addDrillCommands(program: Command): void {
  const drill = program.command('drill').description('take low-priority nodes back on purpose, to see what becomes of the work on them');
  const commands = () => import('./commands/drill.ts');
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)');
  const time = (least: number) => timeBetween(least, 30 * 86_400_000, 'a time like 30s, 10m or 2h');
  drill
    .command('preempt')
    .description('take so many of the low-priority nodes back in a time, each with a notice')
    .requiredOption('--rate <share>', 'how many, on average, of all there are: 10%/min, 50%/h')
    .option('--pool <id>', 'only of this pool, and of others that are named so (default: of all)', (id: string, ids: readonly string[] = []) => [...ids, id])
    .option('--seed <n>', 'decides which nodes are taken, and when', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--for <time>', 'end after so long, like 10m (default: when it is stopped)', time(1_000))
    .option('--grace <time>', 'from a notice until the node is taken back (default: that of the service, see up --preemption-grace)', time(0))
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (options) => (await commands()).preempt(options));
  drill
    .command('list')
    .description('the drills that run, and those that are over')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (options) => (await commands()).list(options));
  drill
    .command('stop')
    .description('end drills: nodes that have a notice are still taken back')
    .argument('[id...]', 'which (default: all that run)')
    .addOption(dataDir())
    .action(async (ids, options) => (await commands()).stop(ids, options));
}
