import { Option, type Command } from 'commander';

/** Adds `pool evaluate`: what is done with single pools (docs/autoscale.md). */
export function addPoolCommands(program: Command): void {
  const pool = program.command('pool').description('pools whose size a formula decides');
  const commands = () => import('./commands/pool.ts');
  pool
    .command('evaluate')
    .description('what the formula of a pool gives now, on what was measured of it')
    .argument('<pool>')
    .addOption(new Option('--formula <text>', 'this one instead of that of the pool').conflicts(['file', 'apply']))
    .addOption(new Option('--file <file>', 'one from a file, - for standard input').conflicts(['formula', 'apply']))
    .option('--apply', 'have the pool follow it at once, as when its interval is over')
    .option('--json', 'for programs')
    .addOption(new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)'))
    .action(async (id, options) => (await commands()).evaluate(id, options));
}
