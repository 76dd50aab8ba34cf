import type { TaskSeen } from '../account/batchAccount.ts';

/** Of what `blockedTasks` reads. */
export const BLOCKED_FIELDS = 'id,state,executionInfo,dependsOn,exitConditions';

/**
 * The tasks, ids in lower case, that wait for one that has failed, or for one that is blocked itself: Batch leaves them
 * waiting for ever. A failed task whose exit conditions satisfy dependants in any case is taken for one that may.
 */
export function blockedTasks(tasks: readonly TaskSeen[]): ReadonlySet<string> {
  const bad = new Set(tasks.filter(blocks).map(idOf));
  const blocked = new Set<string>();
  let waiting = tasks.filter(({ dependsOn, state }) => dependsOn !== undefined && state?.toLowerCase() !== 'completed');
  for (let found = true; found && bad.size > 0; ) {
    const numbers = [...bad].filter((id) => /^\d+$/.test(id)).map(Number).toSorted((a, b) => a - b);
    const now = waiting.filter((task) => waitsFor(task, bad, numbers));
    for (const id of now.map(idOf)) {
      blocked.add(id);
      bad.add(id);
    }
    waiting = waiting.filter((task) => !blocked.has(idOf(task)));
    found = now.length > 0;
  }
  return blocked;
}

function blocks({ state, executionInfo, exitConditions }: TaskSeen): boolean {
  if (state?.toLowerCase() !== 'completed' || executionInfo?.result?.toLowerCase() !== 'failure') return false;
  return !JSON.stringify(exitConditions ?? {}).toLowerCase().includes('"satisfy"');
}

function waitsFor({ dependsOn }: TaskSeen, bad: ReadonlySet<string>, numbers: readonly number[]): boolean {
  if (dependsOn?.taskIds?.some((id) => bad.has(id.toLowerCase())) === true) return true;
  return dependsOn?.taskIdRanges?.some(({ start, end }) => numbers.some((number) => number >= start && number <= end)) === true;
}

function idOf({ id = '' }: TaskSeen): string {
  return id.toLowerCase();
}
