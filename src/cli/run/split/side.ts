import type { BatchAccount, Counts, JobSeen, TaskSeen } from '../account/batchAccount.ts';
import type { Connection } from '../account/connection.ts';
import type { Storage } from '../account/storage.ts';
import type { Made } from '../cleanUp.ts';
import { RunError } from '../failure.ts';
import { isOutage, refusalOf } from '../account/refusal.ts';
import { poolOf, type JoinedJob } from '../join.ts';
import { MATCHED_FIELDS } from '../plan/matching.ts';
import { readMetadata } from '../plan/metadata.ts';
import { BLOCKED_FIELDS } from '../watch/blocked.ts';
import { SEEN_FIELDS } from '../watch/comeBack.ts';
import { ADDED_OF_TASKS } from './copies.ts';

/** One of the accounts of a run, as the run works with it. */
export interface Side {
  readonly name: string;
  readonly connection: Connection;
  readonly batch: BatchAccount;
  /** Undefined where nothing is transferred, or no storage is configured. */
  readonly storage: Storage | undefined;
  readonly made: Made;
  /** Ends the connections that still wait for an answer. */
  close(): void;
  /** The job as it was found; undefined: it has none, or did not answer. */
  found: FoundJob | undefined;
  /** Whether it answered when it was asked first. */
  answered: boolean;
  poolId: string;
  /** Whether pool and job are there for what is sent. */
  isPrepared: boolean;
  /** As it last said. */
  counts: Counts | undefined;
}

/** A job of the run's id that was there before. */
export interface FoundJob extends JoinedJob {
  /** Of its tasks: what `SEEN_FIELDS` and `MATCHED_FIELDS` say. */
  readonly seen: readonly TaskSeen[];
}

/** All that telling what is done of a plan needs. */
const SURVEY_FIELDS = [...new Set([...SEEN_FIELDS.split(','), ...MATCHED_FIELDS.split(','), ...BLOCKED_FIELDS.split(',')])].join(',');

const WHOLE_FIELDS = [...new Set([...SURVEY_FIELDS.split(','), ...ADDED_OF_TASKS])].join(',');

/**
 * Asks a side for the job, and whether it is there at all. @throws RunError, naming the side, for what it refuses; an
 * outage is no refusal.
 */
export async function survey(side: Side, jobId: string | undefined, { note, isWhole, lostAfterMs }: { readonly note: (text: string) => void; readonly isWhole: boolean; readonly lostAfterMs: number }): Promise<void> {
  // Nothing may ever come over a connection that hangs.
  const late = setTimeout(side.close, lostAfterMs);
  try {
    await side.batch.probe().finally(() => clearTimeout(late));
    side.answered = true;
    const job = jobId === undefined ? undefined : await side.batch.job(jobId);
    side.found = job === undefined ? undefined : await foundJob(side, job, isWhole);
  } catch (error) {
    if (isOutage(error)) {
      side.answered = false;
      return note(`${side.name} does not answer (${side.connection.batch.endpoint}): all goes to the others, until it does`);
    }
    throw namedAfter(side, error);
  }
}

/** `isWhole`: with all of its tasks that another job would need to have the same. */
export async function foundJob({ batch }: Pick<Side, 'batch'>, job: JobSeen, isWhole: boolean): Promise<FoundJob> {
  return { job, poolId: poolOf(job), metadata: readMetadata(job.metadata), seen: await batch.tasks(job.id ?? '', isWhole ? WHOLE_FIELDS : SURVEY_FIELDS) };
}

/** The error as a failure that names its side; what is a bug of ours stays as it is. */
export function namedAfter({ name }: Pick<Side, 'name'>, error: unknown): unknown {
  const refusal = refusalOf(error);
  return refusal === undefined ? error : new RunError(refusal.failure, `${name}: ${refusal.message}`, { cause: error });
}
