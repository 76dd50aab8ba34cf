import { Option, type Command } from 'commander';
import { withTargetOptions } from '../resources/target.ts';
import { timeBetween } from '../time.ts';

/** Adds `linarite events` (docs/events.md). */
export function addEventsCommand(program: Command): void {
  const several = (word: string, words: readonly string[] = []): string[] => [...words, word];
  withTargetOptions(program.command('events'))
    .description('what has happened to pools, nodes, jobs and tasks, and what happens')
    .option('-f, --follow', 'go on with new events until Ctrl-C, also over restarts of the service')
    .option('--since <time>', 'begin so long ago, like 10m or 2h, or at a time like 2026-01-31T12:00:00Z (default: an hour ago; with --follow: now)')
    .option('--kind <kind>', 'only of this kind, like task.failed, job.completed or node; may be given several times', several)
    .option('--pool <id>', 'only of this pool, its nodes, jobs and tasks')
    .option('--job <id>', 'only of this job and its tasks')
    .option('--state <state>', 'only what is in this state from then on, like completed or idle; may be given several times', several)
    .option('--json', 'CloudEvents, a JSON object a line')
    .addOption(new Option('--format <format>', "azure-monitor: as the diagnostic logs of Azure Batch have them, a JSON object a line").choices(['text', 'json', 'azure-monitor']))
    .action(async (options) => (await import('./events.ts')).events(options));
}

export const agoOption = timeBetween(0, 30 * 86_400_000, 'a time like 10m or 2h');
