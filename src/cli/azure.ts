import { Option, type Command } from 'commander';

/** Adds `az`, `hosts` and `shell`: how clients of Azure find the service (docs/az.md). */
export function addAzureCommands(program: Command): void {
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: $LINARITE_DATA_DIR or ./.linarite)');
  const az = program.command('az').description('the az of this machine, pointed at the service: linarite az -- batch account list').enablePositionalOptions();
  az.command('setup')
    .description('print how az is pointed at the service: registration and sign-in')
    .option('--apply', 'do it, in a configuration directory of its own, and print its environment')
    .addOption(dataDir())
    .action(async (options) => (await import('./azure/az.ts')).azSetup(options));
  az.command('run', { isDefault: true, hidden: true })
    .argument('[words...]', 'after --: what az is asked')
    .addOption(dataDir())
    .action(async (words, options) => {
      process.exitCode = await (await import('./azure/az.ts')).az(words, options);
    });
  program
    .command('hosts')
    .description('lines for a hosts file: the names of accounts and of their blobs')
    .addOption(dataDir())
    .action(async (options) => (await import('./azure/hosts.ts')).hosts(options));
  program
    .command('shell')
    .description('a shell, or one command after --, in which names of Azure lead to the service')
    .argument('[command...]')
    .addOption(dataDir())
    .action(async (command, options) => {
      process.exitCode = await (await import('./azure/shell.ts')).shell(command, options);
    });
}
