import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addUsage, NO_USAGE, type TaskUsage, usageSince } from '../../../core/task/usage.ts';
import { usageOfChildren } from '../../usage.ts';

/** What the commands of a container have used stands in it, a line each. `directory`: of the store. */
export function usedFileOf(directory: string, id: string): string {
  return join(directory, 'containers', id, 'used');
}

/**
 * Runs something that waits for its processes, and writes down what those have used: it is counted with who waits for
 * them (proc_pid_stat(5), proc_pid_io(5)).
 */
export async function noteUsed<Result>(file: string, run: () => Promise<Result>): Promise<Result> {
  const before = usageOfChildren();
  const result = await run();
  const after = usageOfChildren();
  if (before !== null && after !== null) appendFileSync(file, `${usageSince(before, after).join(' ')}\n`);
  return result;
}

/** The sum of its lines; null: it is not there yet, or not any more. */
export function readUsed(file: string): TaskUsage | null {
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
  return text.split('\n').reduce<TaskUsage>((sum, line) => {
    const [userUs = 0, kernelUs = 0, readOps = 0, writeOps = 0, readBytes = 0, writeBytes = 0] = line.split(' ').map(Number);
    return addUsage(sum, [userUs, kernelUs, readOps, writeOps, readBytes, writeBytes]);
  }, NO_USAGE);
}
