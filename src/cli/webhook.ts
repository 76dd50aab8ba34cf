import { Option, type Command } from 'commander';

/** Adds `webhook add|list|show|delete|enable|test` (docs/events.md). */
export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('tell others of events by HTTP');
  const commands = () => import('./commands/webhook.ts');
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)');
  webhook
    .command('add')
    .description('post each event of these kinds to an address, signed; prints the secret, once')
    .argument('<url>')
    .requiredOption('--on <kinds>', 'which, with commas: job.completed,task.failed', (text: string) => text.split(',').map((word) => word.trim()))
    .option('--job <id>', 'only of this job and its tasks')
    .option('--pool <id>', 'only of this pool, its nodes, jobs and tasks')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (url, options) => (await commands()).add(url, options));
  webhook
    .command('list')
    .description('all of the account')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (options) => (await commands()).list(options));
  webhook
    .command('show')
    .description('one of them, and its latest deliveries')
    .argument('<id>')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (id, options) => (await commands()).show(id, options));
  webhook
    .command('delete')
    .description('end it')
    .argument('<id>')
    .addOption(dataDir())
    .action(async (id, options) => (await commands()).remove(id, options));
  webhook
    .command('enable')
    .description('try again now; one that was disabled goes on where it was')
    .argument('<id>')
    .addOption(dataDir())
    .action(async (id, options) => (await commands()).enable(id, options));
  webhook
    .command('test')
    .description('post something made up, once, and say what came of it')
    .argument('<id>')
    .addOption(dataDir())
    .action(async (id, options) => {
      process.exitCode = await (await commands()).tryOut(id, options);
    });
}
