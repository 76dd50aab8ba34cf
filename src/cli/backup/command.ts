import { type Command, Option } from 'commander';

/** `linarite backup` and `linarite restore`. */
export function addBackupCommands(program: Command): void {
  const dataDir = (): Option => new Option('--data-dir <directory>', 'where everything is kept (default: $LINARITE_DATA_DIR, or ./.linarite)');
  program
    .command('backup')
    .description('copy all that a service keeps into one file, while it runs or not')
    .argument('<to>', 'a file, - for standard output, or the link (SAS) of a blob')
    .addOption(dataDir())
    .action(async (to: string, options: { readonly dataDir?: string }) => (await import('./backup.ts')).backup(to, options));
  program
    .command('restore')
    .description('make a new data directory of a backup')
    .argument('<from>', 'a file, or the link (SAS) of a blob')
    .addOption(dataDir())
    .action(async (from: string, options: { readonly dataDir?: string }) => (await import('./backup.ts')).restore(from, options));
}
