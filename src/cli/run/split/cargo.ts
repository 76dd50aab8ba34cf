import type { TaskToAdd } from '../account/batchAccount.ts';
import { serviceCode } from '../account/refusal.ts';
import type { RunTask } from '../ending.ts';
import { RunError } from '../failure.ts';
import { containersOf, uploadInputs } from '../files/transfers.ts';
import { jobBody, taskBody } from '../plan/bodies.ts';
import { DIGEST_VARIABLE } from '../plan/digest.ts';
import { metadataOf } from '../plan/metadata.ts';
import type { SubmittedTask } from '../plan/submission.ts';
import { metadataFor, type RunPlan } from '../planRun.ts';
import { makePool, poolOfJob } from '../pool.ts';
import type { Progress } from '../watch/progress.ts';
import type { RunOptions } from '../workflow.ts';
import { foundJob, type Side } from './side.ts';

/** A task of a run over several accounts. */
export interface SplitTask extends RunTask {
  /** Of all that decides what it does; undefined: nobody knows. */
  readonly digest: string | undefined;
}

/** What a run sends to a side, whichever it is. */
export interface Cargo {
  /**
   * Makes pool and job where they are missing. Returns the ids of the run's tasks that the side has: it may have been
   * silent when it was asked first, or its answer was lost.
   * @throws RunError, service errors
   */
  prepare(side: Side): Promise<readonly string[]>;
  /** The bodies of tasks for that side, once their inputs are there. @throws RunError files */
  bodies(side: Side, ids: readonly string[]): Promise<TaskToAdd[]>;
}

export interface PlannedCargo {
  readonly options: RunOptions;
  readonly plan: RunPlan;
  readonly jobId: string;
  readonly tasks: readonly SubmittedTask[];
  /** All accounts of the run, by their names. */
  readonly accounts: readonly string[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** Of a run whose tasks are planned here. Names are the same on all sides, so that one can stand in for another. */
export function plannedCargo(setting: PlannedCargo): Cargo {
  const { options, plan, jobId, tasks, progress, signal, accounts } = setting;
  const wish = { ...options.poolWish, ...(options.image === undefined ? {} : { image: options.image }) };
  const byId = new Map(tasks.map((task) => [task.id.toLowerCase(), task]));
  const make = async (side: Side): Promise<void> => {
    const { batch, made, poolId } = side;
    if (options.pool === undefined) await makePool({ ...side, progress }, wish).catch((error: unknown) => unlessThere(error, 'PoolExists'));
    if (options.pool === undefined) made.pool = poolId;
    const containers = side.storage === undefined ? [] : containersOf(plan, jobId);
    const metadata = { ...metadataFor(options, plan, { tasks: 0, containers }), parts: { accounts, tasks: tasks.length } };
    await batch.addJob(jobBody(jobId, poolId, metadataOf(metadata)));
    for (const container of containers) made.containers.add(container);
    made.job = jobId;
  };
  return {
    prepare: async (side) => {
      const job = side.found === undefined ? await side.batch.job(jobId) : undefined;
      if (job !== undefined) side.found = await foundJob(side, job, false);
      if (side.found === undefined) {
        await make(side);
        return [];
      }
      const { poolId, metadata } = side.found;
      side.poolId = poolId;
      const has = sameTasks(side, tasks);
      await poolOfJob({ ...setting, ...side, jobId, wish: metadata?.ownPool === true ? wish : undefined });
      return has;
    },
    bodies: async (side, ids) => {
      const some = ids.map((id): SubmittedTask => {
        const task = byId.get(id.toLowerCase());
        if (task === undefined) throw new Error(`the run has no task ${id}`);
        return { ...task, found: 'missing' };
      });
      const urls = await uploadInputs({ jobId, plan, tasks: some, storage: side.storage, shares: true, made: side.made, progress, signal });
      return some.map((task) => taskBody(task, { ...options, ...urls, inputUrl: urls.inputs.get(task.id), outputUrl: urls.outputs }));
    },
  };
}

function unlessThere(error: unknown, code: string): void {
  if (serviceCode(error) !== code) throw error;
}

/** @throws RunError service, when the job that the side has is none of this run's */
export function sameTasks({ found, name }: Pick<Side, 'found' | 'name'>, tasks: readonly SplitTask[]): readonly string[] {
  if (found === undefined) return [];
  const digests = new Map(found.seen.map(({ id = '', environmentSettings = [] }) => [id.toLowerCase(), environmentSettings.find((one) => one.name === DIGEST_VARIABLE)?.value]));
  const there = tasks.filter(({ id }) => digests.has(id.toLowerCase()));
  const other = there.find(({ id, digest }) => digests.get(id.toLowerCase()) !== digest);
  if (found.metadata === undefined || other !== undefined) throw new RunError('service', `${name} has a job ${found.job.id} of its own${other === undefined ? ', which no run has made' : `, in which ${other.id} does something else`}`);
  return there.map(({ id }) => id);
}
