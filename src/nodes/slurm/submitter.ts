import type { NodeRequest } from '../provider.ts';
import type { SlurmCommands } from './commands.ts';
import { arraysOf, type NodeArray } from './jobNames.ts';
import type { SlurmOptions } from './options.ts';
import type { SharedPlaces } from './places.ts';
import { type NodeTemplate, scriptOf, submissionWords } from './submission.ts';
import { together } from './together.ts';

export interface Submission {
  readonly request: NodeRequest;
  /** Asked at the last moment: its life may have been released meanwhile. */
  readonly isWanted: () => boolean;
}

export interface SubmitterOptions {
  readonly options: SlurmOptions;
  readonly commands: SlurmCommands;
  readonly places: SharedPlaces;
  /** The largest index that an array may have. */
  readonly mostIndex: () => Promise<number>;
  /** By a look at the queue that begins now: whether a life has a job already. */
  readonly alive: () => Promise<(request: NodeRequest) => boolean>;
}

/**
 * Submits jobs of nodes, those of a moment together: one sbatch for all that ask for the same. A call resolves when
 * Slurm has taken the job, and rejects with Slurm's words.
 */
export function createSubmitter({ options, commands, places, mostIndex, alive }: SubmitterOptions): (submission: Submission) => Promise<void> {
  return together<Submission>(async (submissions) => {
    const [most, isAlive] = await Promise.all([mostIndex(), alive()]);
    const wanted = submissions.filter(({ request, isWanted }) => isWanted() && !isAlive(request));
    const failures = new Map<Submission, Error>();
    await Promise.all(
      alikes(wanted).flatMap(([first, ...others]) => {
        const alike = [first, ...others];
        const byNode = new Map(alike.map((submission) => [submission.request.node, submission]));
        return arraysOf(alike.map(({ request }) => request), most).map(async (array) => {
          try {
            await submitArray(first.request, array);
          } catch (error) {
            for (const index of array.indices) {
              const failed = byNode.get(array.first + index);
              if (failed !== undefined) failures.set(failed, error instanceof Error ? error : new Error(String(error)));
            }
          }
        });
      }),
    );
    return failures;
  });

  async function submitArray(template: NodeTemplate, array: NodeArray): Promise<void> {
    await commands.submit(submissionWords(template, array, options), scriptOf(array, options, places));
  }
}

function alikes(submissions: readonly Submission[]): readonly (readonly [Submission, ...Submission[]])[] {
  const groups = new Map<string, [Submission, ...Submission[]]>();
  for (const submission of submissions) {
    const key = templateKey(submission.request);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [submission]);
    else group.push(submission);
  }
  return [...groups.values()];
}

function templateKey({ poolId, vmSize, priority, life }: NodeRequest): string {
  return JSON.stringify([poolId, vmSize, priority, life]);
}
