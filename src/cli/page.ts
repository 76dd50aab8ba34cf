import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Adds `open` and `session list|end`: who looks at the page (docs/page.md). */
export function addPageCommands(program: Command): void {
  withTargetOptions(program.command('open'))
    .description('print a link to the page of the service: it signs one browser in, once, within two minutes')
    .option('--reader', 'who may look at all and change nothing')
    .action(async (options) => (await import('./commands/open.ts')).open(options));
  const session = program.command('session').description('browsers that are signed in to the page');
  const commands = () => import('./commands/session.ts');
  withTargetOptions(session.command('list'))
    .description('all of the account')
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).list(options));
  withTargetOptions(session.command('end'))
    .description('end sessions, by the numbers that list shows')
    .argument('<session...>')
    .action(async (sessions, options) => (await commands()).end(sessions, options));
}
