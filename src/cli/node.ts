import type { Command } from 'commander';
import { withTargetOptions } from './resources/target.ts';

/** Commands that log in to a node, by what they need of one to run there. */
const LOGINS = [
  { name: 'ssh', description: 'log in to a node, or run a command there, as a user made for the occasion', command: '[command...]' },
  { name: 'exec', description: 'run a command on a node, as a user made for the occasion; its exit code is ours', command: '<command...>' },
] as const;

/** Adds `node ssh` and `node exec`: what is done on single nodes (docs/nodes.md). */
export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('nodes of pools');
  for (const { name, description, command: words } of LOGINS) {
    withTargetOptions(node.command(name))
      .description(description)
      .argument('<pool>')
      .argument('<node>')
      .argument(words, 'after --; for the shell of the node, as with ssh')
      .option('--admin', 'as an administrator of the node')
      .action(async (pool, id, command, options) => {
        process.exitCode = await (await import('./commands/node.ts')).ssh(pool, id, command, options);
      });
  }
}
