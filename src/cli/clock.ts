import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';
import { timeBetween } from './time.ts';

const DAY_MS = 86_400_000;

/** Adds `clock`, `clock advance` and `clock set`: the time of a service whose users set it (docs/clock.md). */
export function addClockCommands(program: Command): void {
  const commands = () => import('./commands/clock.ts');
  const clock = withTargetOptions(program.command('clock'))
    .description('the time that the service goes by; one on a virtual clock can be told to let time pass')
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).show(options));
  passing(clock.command('advance'))
    .description('let time pass: what is due meanwhile happens now, one after the other')
    .argument('<time>', 'how much, like 90s, 2h or 7d', timeBetween(1, 3_650 * DAY_MS, 'a time from 1ms to 3650d, like 90s, 2h or 7d'))
    .action(async (byMs, options, command) => (await commands()).advance({ byMs }, withParents(options, command)));
  passing(clock.command('set'))
    .description('the same until a time of day')
    .argument('<time>', 'like 2030-01-31T00:00:00Z')
    .action(async (to, options, command) => (await commands()).advance({ to }, withParents(options, command)));
}

function passing(command: Command): Command {
  return withTargetOptions(command)
    .option('--with-running', 'also while tasks run: their wall clocks pass as well, and they are not waited for')
    .option('--timeout <time>', 'in real time: how long to wait for what begins at one instant (default: 60s)', timeBetween(1, 240_000, 'a time from 1ms to 4min'))
    .option('--json', 'for programs');
}

/** Options that both have are the parent's, wherever they stand. */
function withParents<Options extends object>(options: Options, command: Command): Options {
  return { ...options, ...command.optsWithGlobals() };
}
