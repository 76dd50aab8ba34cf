import type { Reason } from '../../../src/core/reasons.ts';
import type { TestEnv, TestJob, TestPool } from '../harness.ts';

export type Code = Reason['code'];

/** A smallest situation in which a reason is given, and how it ends. */
export interface Situation {
  /** Makes it in an empty account. */
  readonly given: (env: TestEnv) => Asked;
  /** Nodes are named `NODE1`, `NODE2` there, in the order in which they were made. */
  readonly sentence: string;
  /** Left out: it passes by itself. */
  readonly stays?: true;
  readonly never?: true;
  /** What its fixes are called, the likeliest first; left out: there are none. */
  readonly fixes?: readonly string[];
}

/** Who is asked, and what becomes of it. */
export interface Asked {
  readonly ask: () => readonly Reason[] | null;
  readonly pool?: TestPool;
  readonly job?: TestJob;
  readonly task?: number;
  /** What takes the reason away; where there are fixes, what has to happen before one can. null: nothing ever does. */
  readonly passes?: (() => void) | null;
  /** What has to happen after a fix until the reason is gone. */
  readonly afterFix?: () => void;
  /** Not so while the reason is given, but as soon as that has gone: by default, the task runs. */
  readonly mended?: () => boolean;
}

/** The situations of each code: at least one. */
export type Situations<Of extends Code> = { readonly [One in Of]: readonly [Situation, ...Situation[]] };

/** A task that is asked why it waits. */
export function ofTask(env: TestEnv, job: TestJob, task: number, more: Omit<Asked, 'ask' | 'job' | 'task'> = {}): Asked {
  return { ask: () => env.explain(job, task), job, task, ...more };
}

/** A pool that is asked why it is not at its target; it has all its nodes then. */
export function ofPool(env: TestEnv, pool: TestPool, more: Omit<Asked, 'ask' | 'pool'> = {}): Asked {
  return { ask: () => env.explainPool(pool), pool, mended: () => env.explainPool(pool)?.some(({ code }) => code === 'PoolAtTarget') === true, ...more };
}

/** A node, the first of its pool by default, that is asked why it is idle; it runs something then. */
export function ofNode(env: TestEnv, pool: TestPool, more: Omit<Asked, 'ask' | 'pool'> & { readonly node?: number } = {}): Asked {
  const { node = pool.node(0).node, ...rest } = more;
  return { ask: () => env.explainNode(node), pool, mended: () => (env.nodes.get(node)?.runningTasks ?? 0) > 0, ...rest };
}

/** The number of a node of the pool that runs nothing. */
export function idleNode({ nodes }: TestPool): number {
  const idle = nodes.find(({ runningTasks }) => runningTasks === 0);
  if (idle === undefined) throw new Error('all nodes run something');
  return idle.node;
}
