import { type Command, Option } from 'commander';
import type { BackupOptions, RestoreOptions } from './backup.ts';

/** `linarite backup` and `linarite restore`. */
export function addBackupCommands(program: Command): void {
  const dataDir = (): Option => new Option('--data-dir <directory>', 'where everything is kept (default: $LINARITE_DATA_DIR, or ./.linarite)');
  program
    .command('backup')
    .description('copy all that a service keeps into one file, while it runs or not')
    .argument('<to>', 'a file, - for standard output, or the link (SAS) of a blob')
    .addOption(dataDir())
    .option('--with-key', 'put the keys into it as well: it can be restored by itself, and whoever has it has all that it holds')
    .action(async (to: string, options: BackupOptions) => (await import('./backup.ts')).backup(to, options));
  program
    .command('restore')
    .description('make a new data directory of a backup')
    .argument('<from>', 'a file, or the link (SAS) of a blob')
    .addOption(dataDir())
    .option('--keys <directory>', 'of a backup that was made without --with-key: the keys of its service, a copy of the directory keys in its data directory')
    .action(async (from: string, options: RestoreOptions) => (await import('./backup.ts')).restore(from, options));
}
