import { Option, type Command } from 'commander';

/** Adds `identity approve` (docs/identity.md). */
export function addIdentityCommands(program: Command): void {
  const identity = program.command('identity').description('sign-ins to the service');
  identity
    .command('approve')
    .description('let a sign-in with a device code through: whoever shows the code becomes the operator')
    .argument('<code>', 'as the client shows it')
    .addOption(new Option('--data-dir <directory>', 'of the service (default: $LINARITE_DATA_DIR or ./.linarite)'))
    .action(async (code, options) => (await import('./commands/identity.ts')).approve(code, options));
}
