import { Option, type Command } from 'commander';
import { withTargetOptions } from '../resources/target.ts';
import { timeBetween } from '../time.ts';

/** Adds `linarite compare` (docs/compare.md). */
export function addCompareCommand(program: Command): void {
  withTargetOptions(program.command('compare'))
    .description('send the requests of a recording to a service of its own, and show where its answers differ; exit code 1: they do')
    .argument('<recording>')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .addOption(new Option('--patience <time>', 'ask for something again for so long, where it has not come as far as it had').argParser(timeBetween(0, 3_600_000, 'expected a time like 0s, 5s or 2min')).default(2_000, '2s'))
    .action(async (file, options) => (await import('./compare.ts')).compare(file, options));
}
