import { idKey, type AccountNumber, type Instant } from '../../../core/keys.ts';
import type { Wake } from '../../../ports.ts';
import { lockJobForTasks } from '../../../store/intents/jobs.ts';
import { isRolledBack, transaction, type Database } from '../../../store/intents/statement.ts';
import { insertTasks, type NewTask } from '../../../store/intents/tasks.ts';
import type { AddedTasks } from '../../../store/ownerStore.ts';
import type { Sealing } from '../../../store/sealing.ts';
import { BatchError } from '../../../wire/errors.ts';
import { checkTaskAgainstJob } from '../../../wire/rules.ts';
import type { TaskAdd } from '../../../wire/types.generated.ts';
import { Together, type Portion } from '../../together.ts';
import { guardJob } from '../job/guards.ts';
import { storedJob, viewOfJob } from '../job/view.ts';

/** What one commit adds to a job at most: more would keep the job's row from others for long. */
const BOUNDS = { count: 1_000, size: 4 * 1024 * 1024 } as const;

/** A task that is to be added, as sent and as it is stored; or why it is refused whatever its job says. */
export type Candidate = { readonly taskId: string } & ({ readonly task: TaskAdd; readonly row: NewTask } | { readonly error: BatchError });

type Outcome = { readonly taskId: string } & ({ readonly modifiedAt: Instant } | { readonly error: BatchError });

/** One client's tasks for a job. */
export interface Add extends Portion {
  readonly account: AccountNumber;
  /** As the client spells it. */
  readonly jobId: string;
  readonly tasks: readonly Candidate[];
  /** When they were asked for: their time of creation. */
  readonly now: Instant;
}

/** The job's id as it was spelled when the job was made, and what became of each task. */
export interface Added {
  readonly jobId: string;
  readonly outcomes: readonly Outcome[];
}

/**
 * Adds the tasks whose ids are free and tells of each what became of it. @throws BatchError JobNotFound, and the 409 of
 * a job that takes no tasks.
 */
export type AddTasks = (add: Add) => Promise<Added>;

interface TogetherParts {
  readonly database: Database;
  readonly sealing: Sealing;
  readonly wake: Wake;
}

/**
 * Adds tasks, those of many clients for one job in one commit where they come faster than commits: alone each would
 * wait for the job's row until the one before is on the disk.
 */
export function tasksTogether(parts: TogetherParts): AddTasks {
  const together = new Together<Add, Added>({ bounds: BOUNDS, work: (_key, adds) => addAll(parts, adds), maySucceedAlone: isRolledBack });
  return async (add) => {
    const added = await together.ask(`${add.account}/${idKey(add.jobId)}`, add);
    await ownerGoesFirst();
    return added;
  };
}

/**
 * The owner has been told by now: its statement leaves before the answer is made, which then is made while the database
 * is at work. A lone task starts so much sooner.
 */
function ownerGoesFirst(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** All of one job, one after the other: an id that two of them name belongs to the first. */
async function addAll({ database, sealing, wake }: TogetherParts, adds: readonly Add[]): Promise<readonly Added[]> {
  const [first] = adds;
  if (first === undefined) return [];
  const { account, jobId } = first;
  const keys = adds.flatMap(({ tasks }) => tasks.flatMap((item) => ('task' in item ? [idKey(item.taskId)] : [])));
  let inserted: Promise<AddedTasks | null> = Promise.resolve(null);
  const added = await transaction(database, async (tx, last) => {
    const locked = await lockJobForTasks(tx, account, jobId, keys);
    if (locked === null) throw new BatchError('JobNotFound');
    const { job } = locked;
    guardJob('addTask', viewOfJob(job).state);
    const spec = storedJob(job);
    const taken = new Set(locked.taken);
    const fresh: NewTask[] = [];
    const outcomes = adds.map(({ tasks, now }) => ({
      jobId: job.id,
      outcomes: tasks.map((item): Outcome => {
        const { taskId } = item;
        if ('error' in item) return { taskId, error: item.error };
        const error = refusal(item.task, spec, taken);
        if (error !== null) return { taskId, error };
        taken.add(idKey(taskId));
        fresh.push(item.row);
        return { taskId, modifiedAt: now };
      }),
    }));
    inserted = insertTasks(tx, sealing, account, job, fresh);
    last(inserted);
    return outcomes;
  });
  wake.sweep(account, (await inserted) ?? undefined);
  return added;
}

function refusal(task: TaskAdd, job: Parameters<typeof checkTaskAgainstJob>[1], taken: ReadonlySet<string>): BatchError | null {
  if (taken.has(idKey(task.id))) return new BatchError('TaskExists');
  try {
    checkTaskAgainstJob(task, job);
    return null;
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
}
