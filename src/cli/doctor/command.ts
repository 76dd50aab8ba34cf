import type { Command } from 'commander';

/** Adds `doctor`: what this machine lacks for which feature, and how to mend it. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('what of this machine is missing for which feature, and how to mend it')
    .option('--json', 'for programs')
    .action(async (options) => (await import('./doctor.ts')).doctor(options));
}
