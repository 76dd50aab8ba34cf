import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Adds `webhook add|list|show|delete|enable|test` (docs/events.md). */
export function addWebhookCommands(program: Command): void {
  const webhook = program.command('webhook').description('tell others of events by HTTP');
  const commands = () => import('./commands/webhook.ts');
  withTargetOptions(webhook.command('add'))
    .description('post each event of these kinds to an address, signed; prints the secret, once')
    .argument('<url>')
    .requiredOption('--on <kinds>', 'which, with commas: job.completed,task.failed', (text: string) => text.split(',').map((word) => word.trim()))
    .option('--job <id>', 'only of this job and its tasks')
    .option('--pool <id>', 'only of this pool, its nodes, jobs and tasks')
    .option('--json', 'for programs')
    .action(async (url, options) => (await commands()).add(url, options));
  withTargetOptions(webhook.command('list'))
    .description('all of the account')
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).list(options));
  withTargetOptions(webhook.command('show'))
    .description('one of them, and its latest deliveries')
    .argument('<id>')
    .option('--json', 'for programs')
    .action(async (id, options) => (await commands()).show(id, options));
  withTargetOptions(webhook.command('delete'))
    .description('end it')
    .argument('<id>')
    .action(async (id, options) => (await commands()).remove(id, options));
  withTargetOptions(webhook.command('enable'))
    .description('try again now; one that was disabled goes on where it was')
    .argument('<id>')
    .action(async (id, options) => (await commands()).enable(id, options));
  withTargetOptions(webhook.command('test'))
    .description('post something made up, once, and say what came of it')
    .argument('<id>')
    .action(async (id, options) => {
      process.exitCode = await (await commands()).tryOut(id, options);
    });
}
