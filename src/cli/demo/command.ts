import { Option, type Command } from 'commander';
import { wholeNumber } from '../wholeNumber.ts';
import { logLevelOption } from '../service/log/level.ts';
import type { DemoFlags } from './demo.ts';

/** Adds `linarite demo`. Its code, and the SDKs with it, is loaded when it is called. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('render a picture in tiles on two nodes: a real job from start to end')
    .option('--width <pixels>', 'the height is 9/16 of it (default: 960, less where the machine is too slow for that, but at least 480)', wholeNumber(64, 3840))
    .option('--samples <count>', 'light paths for each pixel; more take longer and leave less noise (default: what this machine has time for, 4 to 16)', wholeNumber(1, 4096))
    .option('--nodes <count>', 'nodes of the pool', wholeNumber(1, 100), 2)
    .option('--slots <count>', 'tasks at a time on a node (default: as many as use this machine, at least 2)', wholeNumber(1, 256))
    .option('--out <file>', 'where the picture goes', 'linarite-demo.png')
    .option('--keep', 'leave the service running if it was started here, and keep pool and tiles')
    .option('--json', 'one JSON object at the end, nothing else')
    .addOption(new Option('--data-dir <directory>', 'of the service (default: $LINARITE_DATA_DIR, or ./.linarite)'))
    .addOption(logLevelOption())
    .action(async (flags: DemoFlags) => {
      process.exitCode = await (await import('./demo.ts')).demo(flags);
    });
}
