import { Option, type Command } from 'commander';

/** Adds `open` and `session list|end`: who looks at the page (docs/page.md). */
export function addPageCommands(program: Command): void {
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)');
  program
    .command('open')
    .description('print a link to the page of the service: it signs one browser in, once, within two minutes')
    .option('--reader', 'who may look at all and change nothing')
    .addOption(dataDir())
    .action(async (options) => (await import('./commands/open.ts')).open(options));
  const session = program.command('session').description('browsers that are signed in to the page');
  const commands = () => import('./commands/session.ts');
  session
    .command('list')
    .description('all of the account')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (options) => (await commands()).list(options));
  session
    .command('end')
    .description('end sessions, by the numbers that list shows')
    .argument('<session...>')
    .addOption(dataDir())
    .action(async (sessions, options) => (await commands()).end(sessions, options));
}
