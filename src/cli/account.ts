import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Adds `account show|set`: the account's quotas, and what of them is in use (docs/cost.md). */
export function addAccountCommands(program: Command): void {
  const account = program.command('account').description('quotas of the account: cores, pools, jobs');
  const commands = () => import('./commands/account.ts');
  withTargetOptions(account.command('show'))
    .description('the quotas, and what of them is in use')
    .option('--json', 'for programs')
    .action(async (options) => (await commands()).show(options));
  withTargetOptions(account.command('set'))
    .description('set quotas, at once and for good; those not named stay')
    .requiredOption('--quota <list>', 'dedicated=100,low=50,pools=20,jobs=300,family:standardDv3Family=10 …; none is no bound, default the one of the service')
    .action(async (options) => (await commands()).set(options));
}
