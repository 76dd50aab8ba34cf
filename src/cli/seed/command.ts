import { Option, type Command } from 'commander';

/** Adds `seed FILE` (docs/seed.md). */
export function addSeedCommand(program: Command): void {
  program
    .command('seed')
    .description('make the accounts, blobs, applications, pools and jobs of a file that are not there yet')
    .argument('<file>', 'YAML or JSON')
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--update', 'change what is there and differs, where the service can')
    .option('--json', 'for programs')
    .addOption(new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)'))
    .action(async (file: string, options) => {
      process.exitCode = await (await import('../commands/seed.ts')).seed(file, options);
    });
}

/** `up --seed FILE`. */
export function seedOption(): Option {
  return new Option('--seed <file>', 'make what the file says before the service is ready (see linarite seed); what is there stays');
}
