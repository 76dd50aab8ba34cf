import type { TaskSeen } from '../account/batchAccount.ts';
import { DIGEST_VARIABLE, type DigestedTask } from './digest.ts';
import { freeId } from './names.ts';

/** What a task of the plan has in a job that exists. */
export type Found =
  /** It succeeded: not run again. */
  | { readonly kind: 'succeeded'; readonly id: string }
  /** It waits or runs. */
  | { readonly kind: 'underWay'; readonly id: string }
  /** It failed: run again under its id. */
  | { readonly kind: 'failed'; readonly id: string }
  /** Nothing did the same: added under a free id. */
  | { readonly kind: 'missing'; readonly id: string };

/** Of what `matchTasks` reads of the job's tasks. */
export const MATCHED_FIELDS = 'id,state,executionInfo,environmentSettings';

/** Which of several that do the same is taken: what is furthest. */
const ORDER = ['succeeded', 'underWay', 'failed'] as const;

/**
 * For each planned task the one of the job that does the same, by digest; each is taken once. Those without one get
 * ids that no task of the job has.
 */
export function matchTasks(planned: readonly Pick<DigestedTask, 'id' | 'digest'>[], seen: readonly TaskSeen[]): Found[] {
  const byDigest = new Map<string, { kind: (typeof ORDER)[number]; id: string }[]>();
  for (const task of seen) {
    const digest = digestIn(task);
    if (digest !== undefined && task.id !== undefined) byDigest.set(digest, [...(byDigest.get(digest) ?? []), { kind: kindOf(task), id: task.id }]);
  }
  for (const tasks of byDigest.values()) tasks.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const found = planned.map(({ digest }) => byDigest.get(digest)?.shift());
  const taken = new Set(seen.map(({ id = '' }) => id.toLowerCase()));
  return planned.map(({ id }, index) => found[index] ?? { kind: 'missing', id: freeId(id, taken) });
}

/** The digest that a run has given a task; undefined for any other task. */
function digestIn({ environmentSettings = [] }: TaskSeen): string | undefined {
  return environmentSettings.find(({ name }) => name === DIGEST_VARIABLE)?.value;
}

function kindOf({ state, executionInfo }: TaskSeen): (typeof ORDER)[number] {
  if (state?.toLowerCase() !== 'completed') return 'underWay';
  return executionInfo?.result?.toLowerCase() === 'success' ? 'succeeded' : 'failed';
}
