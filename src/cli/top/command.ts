import type { Command } from 'commander';
import { withTargetOptions } from '../resources/target.ts';
import { timeBetween } from '../time.ts';

/** Adds `top`: a live view of pools and jobs in the terminal. */
export function addTopCommand(program: Command): void {
  withTargetOptions(program.command('top'))
    .description('pools and jobs as they are now, until q; without a terminal once')
    .option('--interval <time>', 'between two looks', timeBetween(200, 3_600_000, 'expected a time like 500ms, 2s or 1min'), 2_000)
    .option('--once', 'look once')
    .action(async (options) => (await import('./top.ts')).top(options));
}
