import { Option, type Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Adds `pool evaluate` and `pool sample`: what is done with single pools (docs/autoscale.md). */
export function addPoolCommands(program: Command): void {
  const pool = program.command('pool').description('pools of nodes');
  const commands = () => import('./commands/pool.ts');
  withTargetOptions(pool.command('evaluate'))
    .description('what the formula of a pool gives now, on what was measured of it')
    .argument('<pool>')
    .addOption(new Option('--formula <text>', 'this one instead of that of the pool').conflicts(['file', 'apply']))
    .addOption(new Option('--file <file>', 'one from a file, - for standard input').conflicts(['formula', 'apply']))
    .option('--apply', 'have the pool follow it at once, as when its interval is over')
    .option('--json', 'for programs')
    .action(async (id, options) => (await commands()).evaluate(id, options));
  withTargetOptions(pool.command('sample'))
    .description('post what a program measured, for the formula of the pool: NAME=12.5 is its $Own_NAME (not on Azure)')
    .argument('<pool>')
    .argument('<name=value...>')
    .action(async (id, samples, options) => (await commands()).sample(id, samples, options));
}
