import type { DependencyIds, JobIntent, TaskIntent } from '../../core/intent.ts';

/** What a pool is tried with: jobs, and their tasks with all that is to become of them. */
export interface Load {
  /** Where it comes from, for people: `1,000 tasks`, `load.csv`, `job render`. */
  readonly name: string;
  readonly jobs: readonly LoadJob[];
}

/** What the rules ask of a job; all else is as if nothing had been said. */
export interface LoadJob extends Pick<JobIntent, 'priority' | 'maxTaskRetryCount' | 'maxParallelTasks' | 'allowTaskPreemption' | 'usesTaskDependencies'> {
  readonly id: string;
  /** In the order of their arrival. */
  readonly tasks: readonly LoadTask[];
}

export interface LoadTask extends Partial<Pick<TaskIntent, 'instances' | 'exitConditions' | 'maxTaskRetryCount'>> {
  readonly id: string;
  /** From the beginning. */
  readonly arrivalMs: number;
  /** Of each run that is not cut short. */
  readonly durationMs: number;
  readonly slots: number;
  /** Of its runs, in their order; of later ones the last. Empty: 0. */
  readonly exits: readonly number[];
  readonly dependsOn?: DependencyIds | null;
}

/** The exit code of a run of the task, the first being 0; a run that is cut short does not count. */
export function exitOf({ exits }: LoadTask, run: number): number {
  return exits[Math.min(run, exits.length - 1)] ?? 0;
}

/** Of a job of which nothing is said. */
export const PLAIN_JOB = { priority: 0, maxTaskRetryCount: 0, maxParallelTasks: -1, allowTaskPreemption: false, usesTaskDependencies: false } as const;

/** A job for each priority that there is, the highest first; `tasks`: in any order. */
export function jobsByPriority(tasks: readonly (LoadTask & { readonly priority: number })[], maxTaskRetryCount: number): readonly LoadJob[] {
  const priorities = [...new Set(tasks.map(({ priority }) => priority))].sort((a, b) => b - a);
  const inOrder = [...tasks].sort((a, b) => a.arrivalMs - b.arrivalMs);
  return priorities.map((priority) => ({ ...PLAIN_JOB, id: `priority ${priority}`, priority, maxTaskRetryCount, tasks: inOrder.filter((task) => task.priority === priority) }));
}
