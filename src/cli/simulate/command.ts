import { Option, type Command } from 'commander';
import { sizesOption } from '../service/sizesFile.ts';
import { wholeNumber } from '../wholeNumber.ts';
import type { SimulateFlags } from './options.ts';

/** Adds `linarite simulate`. Its code is loaded when it is called. */
export function addSimulateCommand(program: Command): void {
  program
    .command('simulate')
    .description('what a pool would make of a load: times, nodes and cost, by the rules of the service in virtual time')
    .argument('[pool...]', "one or two pool definitions, '-' for standard input; with --job the pool of the job if there is none")
    .option('--compare <file>', 'beside it: another pool definition, or a formula in place of that of the first')
    .optionsGroup('The load, one of:')
    .option('--tasks <count>', 'made up', wholeNumber(1, 1_000_000))
    .option('--load <file.csv>', 'columns id, arrival, duration, slots, priority, exit; all but duration may be left out')
    .option('--job <id>', 'what a job of the service on this machine was, its times as they were')
    .optionsGroup('Tasks made up:')
    .option('--duration <time>', '30s, exp(30s), lognormal(30s, 0.5) (median and spread) or uniform(10s, 1min) (default: 1min)')
    .option('--arrival <form>', "all at once, 'every 2s', 'poisson 5/s' or daily (default: all)")
    .option('--slots <count>', "task slots of each; a mixture with weights: '1:9,4:1' (default: 1)")
    .option('--priority <n>', "of their job; a mixture makes a job of each: '0:9,100:1' (default: 0)")
    .option('--failures <share>', 'of all runs so many fail: 2%')
    .option('--retries <count>', 'how often a task that failed is tried again, also of a file (default: 0)', wholeNumber(0, 100))
    .optionsGroup('What the load does not say:')
    .option('--boot <time>', 'from the request for a node until it is there, a time or a distribution (default: 2min; of a job as it was)')
    .option('--start-task <time>', 'how long the start task takes, where the pool has one (default: 30s)')
    .option('--preemption <rate>', 'of low-priority nodes so many are taken away: 10%/h (default: none)')
    .option('--warm <count>', 'so many nodes are there at the beginning, if they are asked for (default: 0; of a job as it was)', wholeNumber(0, 1_000))
    .option('--start <moment>', 'the clock at the beginning, which formulas read (default: 2026-11-30T00:00:00Z, a Monday)')
    .option('--until <time>', 'end then, and not before (default: with the last task)')
    .option('--seed <n>', 'of all chance: the same gives the same', wholeNumber(0, 4_294_967_295), 1)
    .optionsGroup('Prices:')
    .option('--region <name>', 'whose prices count (default: westeurope)')
    .option('--price <dollars>', 'of an hour of a dedicated node, instead of the known one')
    .option('--low-priority-price <dollars>', 'of an hour of a low-priority node')
    .addOption(sizesOption())
    .optionsGroup('What comes out:')
    .addOption(new Option('--format <form>', 'how to print').choices(['table', 'json']).default('table'))
    .option('--svg <file>', 'draw targets, nodes and tasks over time')
    .addOption(new Option('--data-dir <directory>', 'of the service that has the job (default: $LINARITE_DATA_DIR, or ./.linarite)'))
    .action(async (pools: string[], flags: SimulateFlags) => (await import('../commands/simulate.ts')).simulate(pools, flags));
}
