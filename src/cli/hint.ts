import { quoteForShell } from '../base/shellWords.ts';

/** A command to copy, for the same data directory as the one that prints it. */
export function hint(command: string, dataDir: string | undefined): string {
  return dataDir === undefined ? `${program()} ${command}` : `${program()} ${command} --data-dir ${quoteForShell(dataDir)}`;
}

/**
 * An `az` command that shows a job's tasks: its tables leave out whatever is called id, and by themselves show command
 * lines and URLs.
 */
export function listOfTasks(jobId: string): string {
  return `az batch task list --job-id ${jobId} --query "[].{task:id, state:state, exitCode:executionInfo.exitCode, result:executionInfo.result, node:nodeInfo.nodeId}" --output table`;
}

/** As it was called: the launcher of a clone says its own name, npx runs what is on no path. */
function program(): string {
  const launcher = process.env['LINARITE_LAUNCHER'];
  if (launcher !== undefined && launcher !== '') return quoteForShell(launcher);
  return process.env['npm_command'] === 'exec' ? 'npx linarite' : 'linarite';
}
