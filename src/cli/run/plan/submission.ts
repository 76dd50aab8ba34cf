import type { TaskSeen } from '../account/batchAccount.ts';
import { dependenciesOn, taskFinder, type Dependencies } from './dependencies.ts';
import type { DigestedTask } from './digest.ts';
import { RunError } from '../failure.ts';
import { matchTasks, type Found } from './matching.ts';
import { containerName, freeId } from './names.ts';
import { planTask, type TaskTemplate } from './plan.ts';

/** A task of a run as the job has it, or will have it. */
export interface SubmittedTask extends DigestedTask {
  readonly found: Found['kind'];
  readonly waitsFor?: Dependencies;
}

/** What is to be done so that a job has every task of a plan. */
export interface Submission {
  /** The plan's tasks under their ids in the job; the merge last. */
  readonly tasks: readonly SubmittedTask[];
  /** Tasks of the job whose parts the merge would get, and which are not asked for any more. */
  readonly superseded: readonly string[];
  /** How many tasks the job has afterwards. */
  readonly total: number;
}

export interface Wanted {
  readonly jobId: string;
  readonly template: TaskTemplate;
  readonly tasks: readonly DigestedTask[];
  readonly merge: DigestedTask | undefined;
  /** Whether what the job has done already counts. */
  readonly resume: boolean;
  /** The job's tasks; none of a job that is made. */
  readonly seen: readonly TaskSeen[];
}

/** @throws RunError usage: a dependency that the job does not have, an id that it has already */
export function planSubmission(wanted: Wanted): Submission {
  const { template, seen, jobId, merge } = wanted;
  const planned = merge === undefined ? wanted.tasks : [...wanted.tasks, merge];
  const found = wanted.resume ? matchTasks(planned, seen) : freshIds(wanted, planned);
  const ours = new Set(found.map(({ id }) => id.toLowerCase()));
  const find = taskFinder(seen.flatMap(({ id = '' }) => (ours.has(id.toLowerCase()) ? [] : [id])), jobId);
  const tasks = planned.map((task, index) => {
    const { kind, id } = found[index] ?? { kind: 'missing' as const, id: task.id };
    // A placeholder may say the id.
    const named = id === task.id || task === merge ? { ...task, id } : { ...planTask(task.item, index, id, template), digest: task.digest };
    const waitsFor = task === merge ? dependenciesOn(found.slice(0, -1).map((other) => other.id), '--merge') : task.dependsOn === undefined ? undefined : dependenciesOn(find(task.dependsOn), '--depends-on');
    return { ...named, found: kind, ...(waitsFor === undefined ? {} : { waitsFor }) };
  });
  const superseded = wanted.resume && merge !== undefined ? seen.flatMap((task) => (ours.has(task.id?.toLowerCase() ?? '') || !givesParts(task, jobId) ? [] : [task.id ?? ''])) : [];
  return { tasks, superseded, total: seen.length - superseded.length + found.filter(({ kind }) => kind === 'missing').length };
}

function freshIds({ template, seen, jobId, merge }: Wanted, planned: readonly DigestedTask[]): Found[] {
  const taken = new Set(seen.map(({ id = '' }) => id.toLowerCase()));
  return planned.map((task) => {
    const { id } = task;
    if (template.taskId !== undefined && task !== merge && taken.has(id.toLowerCase())) throw new RunError('usage', `--task-id ${template.taskId} makes ${id}, and the job ${jobId} has a task of that id already`);
    return { kind: 'missing', id: freeId(id, taken) };
  });
}

/** Whether a task uploads what a merge of the job gets. */
function givesParts({ outputFiles = [] }: TaskSeen, jobId: string): boolean {
  return outputFiles.some(({ destination }) => destination.container?.containerUrl.replace(/\?.*/s, '').endsWith(`/${containerName(jobId, 'all')}`) === true);
}
