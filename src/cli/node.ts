import { Option, type Command } from 'commander';

/** Adds `node ssh` and `node exec`: what is done on single nodes (docs/nodes.md). */
export function addNodeCommands(program: Command): void {
  const node = program.command('node').description('nodes of pools');
  const commands = () => import('./commands/node.ts');
  const dataDir = (): Option => new Option('--data-dir <directory>', 'of the service (default: the one that the environment names, else $LINARITE_DATA_DIR or ./.linarite)');
  node
    .command('ssh')
    .description('log in to a node, or run a command there, as a user made for the occasion')
    .argument('<pool>')
    .argument('<node>')
    .argument('[command...]', 'after --; for the shell of the node, as with ssh')
    .option('--admin', 'as an administrator of the node')
    .addOption(dataDir())
    .action(async (pool, id, command, options) => {
      process.exitCode = await (await commands()).ssh(pool, id, command, options);
    });
  node
    .command('exec')
    .description('run a command on a node, as a user made for the occasion; its exit code is ours')
    .argument('<pool>')
    .argument('<node>')
    .argument('<command...>', 'after --; for the shell of the node, as with ssh')
    .option('--admin', 'as an administrator of the node')
    .addOption(dataDir())
    .action(async (pool, id, command, options) => {
      process.exitCode = await (await commands()).ssh(pool, id, command, options);
    });
}
