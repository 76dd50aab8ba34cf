import { randomUUID } from 'node:crypto';
import { readdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import type { Instant, JobNumber, TaskNumber } from '../core/keys.ts';
import { during } from './activity.ts';
import { messageOf, systemCode } from './failures.ts';
import type { DirectoryJournal } from './journal.ts';
import { removeTrees } from './removal.ts';
import { type DirectoryOwner, type JobTaskAttempt, ownerName, ownerOfDirectory, type TaskAttempt } from './run.ts';

export interface RetentionOptions {
  readonly rootDirectory: string;
  readonly now: () => Instant;
  /** Remembers over lives what is kept. */
  readonly journal: DirectoryJournal;
  /** Whether attempts run now. */
  readonly isBusy: () => boolean;
  /** What could not be deleted, and why. */
  readonly say: (message: string) => void;
  /** The directory, relative to the root, is still there. */
  readonly beforeRemoval: (directory: string) => void;
}

/**
 * When the directories of runs go: at the end of their retention time, or at once when the task or its job is deleted.
 * A directory is first renamed into `volatile/trash`, which frees its name, and then deleted there, slowly while tasks
 * run as long as there are not too many: deleting thousands of directories halves the rate at which processes start
 * (measured, ext4 with online discard).
 */
export interface Retention {
  /**
   * A run begins in its directory. What a deleted task of the same name left there goes first. Returns what earlier
   * attempts of the task in this life have seen to.
   */
  claim(run: TaskAttempt | JobTaskAttempt): Inputs;
  /** `retentionMs`: from now on; null: for ever. */
  ended(run: TaskAttempt | JobTaskAttempt, retentionMs: number | null, endedAt: Instant): void;
  discard(owner: DirectoryOwner): void;
  discardJob(job: JobNumber): void;
  /** Jobs of which something is kept, or runs. */
  jobs(): readonly JobNumber[];
  /** Whether what lies in this directory is kept and no attempt runs there. */
  isOver(directory: string): boolean;
  /** Ended attempts at tasks whose files are not archived. */
  unarchived(): Iterable<EndedAttempt>;
  /** Nothing where another attempt has begun since. */
  archived(attempt: Omit<EndedAttempt, 'directory' | 'dueAt'>): void;
  /** Removes what is due: to be called where the time has not just gone by. */
  look(): void;
  close(): void;
}

/**
 * Whether a task's resource files are in its directory: a retry on the same node keeps what it has. The next life of a
 * node fetches them anew.
 */
export interface Inputs {
  areComplete: boolean;
}

/** An attempt whose end is the task's, as long as its directory is kept. */
export interface EndedAttempt {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
  readonly directory: string;
  /** null: it stays for ever. */
  readonly dueAt: Instant | null;
}

interface Kept extends Inputs {
  readonly owner: DirectoryOwner;
  readonly directory: string;
  /** null: for ever; undefined: an attempt runs there. */
  dueAt: Instant | null | undefined;
  /** Its task is gone: to be removed as soon as nothing runs there. */
  isDiscarded: boolean;
  /** See `EndedAttempt`; null: it is none. */
  attempt: number | null;
  isArchived: boolean;
}

/** Below the node's root. What a life finds here is removed. */
export const TRASH = 'volatile/trash';
const LOOK_EVERY_MS = 30_000;
const PAUSE_IDLE_MS = 2;
const PAUSE_BUSY_MS = 100;
/** Directories that go in one process, at most. */
const REMOVED_AT_ONCE = 50;
/**
 * So many may wait while tasks run before more than one goes at a time: a node that is never idle must get rid of them
 * as fast as they come.
 */
const PATIENCE = 1_000;

/** Of a deleted job's, in one turn of the event loop. */
const DISCARDED_AT_ONCE = 100;

/** How many of those that wait go now. */
export function batchOf(waiting: number, isBusy: boolean): number {
  return Math.min(isBusy ? Math.ceil(waiting / PATIENCE) : waiting, REMOVED_AT_ONCE);
}

export function createRetention(options: RetentionOptions): Retention {
  const trash = join(options.rootDirectory, TRASH);
  /** By `ownerName`. */
  const jobs = new Map<JobNumber, Map<string, Kept>>();
  const claims = new Map<string, DirectoryOwner>();
  const queue: string[] = [];
  let isDeleting = false;

  const keptOf = (owner: DirectoryOwner): Kept | undefined => jobs.get(owner.job)?.get(ownerName(owner));

  const remove = ({ owner, directory }: Kept): void => {
    const name = ownerName(owner);
    const ofJob = jobs.get(owner.job);
    options.journal.recordRemoved(owner);
    ofJob?.delete(name);
    if (ofJob?.size === 0) jobs.delete(owner.job);
    const claim = claims.get(directory);
    if (claim === undefined || ownerName(claim) !== name) return;
    claims.delete(directory);
    moveToTrash(directory);
    if (!jobs.has(owner.job)) removeEmptyAbove(directory);
  };

  /** Of a job without tasks here nothing stays: nodes live long, and see many jobs. `workitems` itself stays. */
  const removeEmptyAbove = (directory: string): void => {
    try {
      for (let above = dirname(directory); above.includes('/'); above = dirname(above)) rmdirSync(join(options.rootDirectory, above));
    } catch {
      // Tasks of another job of this id, or of another job of its schedule, have directories there.
    }
  };

  const moveToTrash = (directory: string): void => {
    options.beforeRemoval(directory);
    const target = join(trash, randomUUID());
    try {
      during('removing directories', () => renameSync(join(options.rootDirectory, directory), target));
    } catch (error) {
      // Never made, or removed by a client. Else something is mounted upon it, or it is none of ours any more.
      if (systemCode(error) !== 'ENOENT') options.say(messageOf(error));
      return;
    }
    queue.push(target);
    void deleteQueued();
  };

  const deleteQueued = async (): Promise<void> => {
    if (isDeleting) return;
    isDeleting = true;
    // What an earlier life left is queued before the node is complete that `isBusy` asks.
    await nextTurn();
    while (queue.length > 0) {
      const isBusy = options.isBusy();
      await delay(isBusy ? PAUSE_BUSY_MS : PAUSE_IDLE_MS, undefined, { ref: false });
      // What is left is tried again in the next life.
      await removeTrees(queue.splice(0, batchOf(queue.length, isBusy))).catch((error: unknown) => options.say(messageOf(error)));
    }
    isDeleting = false;
  };

  const keep = (kept: Kept): void => {
    const { owner } = kept;
    claims.set(kept.directory, owner);
    const ofJob = jobs.get(owner.job) ?? new Map<string, Kept>();
    jobs.set(owner.job, ofJob.set(ownerName(owner), kept));
  };
  for (const { owner, directory, dueAt, attempt = null, isArchived = false } of options.journal.kept) keep({ owner, directory, dueAt, attempt, isArchived, isDiscarded: false, areComplete: false });

  const record = ({ owner, directory, dueAt, attempt, isArchived }: Kept): void => {
    if (dueAt === undefined) throw new Error(`an attempt runs in ${directory}`);
    options.journal.recordKept({ owner, directory, dueAt, ...(attempt === null ? null : { attempt }), ...(isArchived ? { isArchived } : null) });
  };

  const look = (): void => {
    const now = options.now();
    for (const ofJob of jobs.values()) {
      for (const kept of ofJob.values()) if (typeof kept.dueAt === 'number' && kept.dueAt <= now) remove(kept);
    }
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  looking.unref();

  try {
    queue.push(...readdirSync(trash).map((name) => join(trash, name)));
    void deleteQueued();
  } catch {
    // The node is new.
  }

  const discard = (kept: Kept): void => {
    if (kept.dueAt === undefined) kept.isDiscarded = true;
    else remove(kept);
  };

  /** In turns: to rename 100,000 directories takes seconds, and other jobs' tasks are to start meanwhile. */
  const discardAll = async (job: JobNumber): Promise<void> => {
    let done = 0;
    // Removing while iterating is what a Map allows.
    for (const kept of jobs.get(job)?.values() ?? []) {
      discard(kept);
      done += 1;
      if (done % DISCARDED_AT_ONCE === 0) await nextTurn();
    }
  };

  return {
    claim: (run) => {
      const owner = ownerOfDirectory(run);
      const { directory } = run;
      const before = claims.get(directory);
      if (before !== undefined && ownerName(before) !== ownerName(owner)) {
        const kept = keptOf(before);
        if (kept !== undefined) remove(kept);
        else moveToTrash(directory);
      }
      const kept: Kept = { owner, directory, dueAt: undefined, attempt: null, isArchived: false, isDiscarded: false, areComplete: claims.get(directory) !== undefined && keptOf(owner)?.areComplete === true };
      keep(kept);
      // Should this life not see the attempt's end, the next one keeps what it left until the task is discarded or runs
      // again.
      options.journal.recordKept({ owner, directory, dueAt: null });
      return kept;
    },
    ended: (run, retentionMs, endedAt) => {
      const owner = ownerOfDirectory(run);
      const kept = keptOf(owner);
      if (kept === undefined) return;
      kept.dueAt = retentionMs === null ? null : endedAt + retentionMs;
      // What instances beside the primary leave is no task's to its clients.
      kept.attempt = run.kind === 'task' && run.key.instance === 0 ? run.key.attempt : null;
      if (kept.isDiscarded || retentionMs === 0) remove(kept);
      else record(kept);
    },
    discard: (owner) => {
      const kept = keptOf(owner);
      if (kept !== undefined) discard(kept);
    },
    discardJob: (job) => void discardAll(job),
    jobs: () => [...jobs.keys()],
    isOver: (directory) => {
      const claim = claims.get(directory);
      const kept = claim === undefined ? undefined : keptOf(claim);
      return kept !== undefined && kept.dueAt !== undefined;
    },
    *unarchived() {
      for (const ofJob of jobs.values()) {
        for (const { owner, attempt, directory, dueAt, isArchived } of ofJob.values()) {
          if (owner.kind === 'task' && attempt !== null && dueAt !== undefined && !isArchived) yield { job: owner.job, task: owner.task, attempt, directory, dueAt };
        }
      }
    },
    archived: ({ job, task, attempt }) => {
      const kept = keptOf({ kind: 'task', job, task });
      if (kept === undefined || kept.attempt !== attempt || kept.dueAt === undefined) return;
      kept.isArchived = true;
      record(kept);
    },
    look,
    close: () => {
      queue.length = 0;
      clearInterval(looking);
    },
  };
}
