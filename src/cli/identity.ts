import { Option, type Command } from 'commander';
import { wholeNumber } from './wholeNumber.ts';

/** Adds `identity approve|create|list|delete|rotate-keys` (docs/identity.md). */
export function addIdentityCommands(program: Command): void {
  const identity = program.command('identity').description('sign-ins to the service, and service principals');
  const commands = () => import('./commands/identity.ts');
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: $LINARITE_DATA_DIR or ./.linarite)');
  identity
    .command('approve')
    .description('let a sign-in with a device code through: whoever shows the code becomes the operator')
    .argument('<code>', 'as the client shows it')
    .addOption(dataDir())
    .action(async (code, options) => (await commands()).approve(code, options));
  identity
    .command('create')
    .description('make a service principal, and print how it signs in')
    .argument('<name>', 'what people read')
    .option('--role <role>', 'that it has at the scope, by its name: Contributor, Azure Batch Data Contributor, one of your own …')
    .option('--scope <id>', 'of a resource, a group or the subscription (default: the subscription)')
    .option('--certificate <file>', 'sign in by the key of this certificate (PEM), not by a secret')
    .addOption(new Option('--days <number>', 'how long its secret lasts').argParser(wholeNumber(1, 3_650)).default(365))
    .addOption(dataDir())
    .action(async (name, options) => (await commands()).create(name, options));
  identity
    .command('list')
    .description('the service principals that were made, and when their credentials end')
    .option('--json', 'for programs')
    .addOption(dataDir())
    .action(async (options) => (await commands()).list(options));
  identity
    .command('delete')
    .description('delete a service principal with its credentials and roles')
    .argument('<name>', "its name, or its application's id")
    .addOption(dataDir())
    .action(async (name, options) => (await commands()).remove(name, options));
  identity
    .command('rotate-keys')
    .description('sign tokens with another key from now on')
    .option('--forget-old', 'refuse all tokens that former keys have signed, at once')
    .addOption(dataDir())
    .action(async (options) => (await commands()).rotateKeys(options));
}
