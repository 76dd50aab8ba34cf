import { MANAGER_TASK, type JobAction } from '../../../core/intent.ts';
import { lockAccount } from '../../../store/intents/accounts.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { findJob, insertJob, lockJob, updateJob, type JobChange, type JobWithStatus } from '../../../store/intents/jobs.ts';
import { keepAutoPool } from '../../../store/intents/pools.ts';
import { findSchedule } from '../../../store/intents/schedules.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import type { JobRules } from '../../../store/rules.ts';
import { countPending, insertTasks } from '../../../store/intents/tasks.ts';
import { opened } from '../../../store/sealedSpecs.ts';
import type { Secrets } from '../../../store/sealing.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { withJobDefaults } from '../../../wire/defaults.ts';
import { BatchError } from '../../../wire/errors.ts';
import { checkAllTasksCompleteChange } from '../../../wire/rules.ts';
import type { JobAdd, PoolInfo, TaskCounts } from '../../../wire/types.generated.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { present } from '../present.ts';
import { applySelect } from '../../../wire/query.ts';
import { changed, created, deleted, entity } from '../../answer.ts';
import { param, quotasIn, wakeAndWait, wakeLater, type Call, type Handler, type Parts } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { autoPoolRules, autoPoolTemplate, poolChange, storedPoolInfo } from './autoPool.ts';
import { guardJob, type JobCall } from './guards.ts';
import { newTask } from '../task/add.ts';
import { statsOfJobs } from '../statistics.ts';
import { listJobsHandler } from './list.ts';
import { managerTask } from './manager.ts';
import { listOnNodes } from './onNodes.ts';
import { checkActiveQuota } from './quota.ts';
import { jobRules, storedJob, viewOfJob, wireJob } from './view.ts';

const add: Handler = async (call, parts) => {
  const asked = dataContract.readBody('JobAdd', call.version, await call.json());
  const spec = withJobDefaults({ ...asked, poolInfo: await storedPoolInfo(asked.poolInfo, call.version) });
  const { id } = spec;
  await transaction(parts.database, async (tx, last) => {
    // The account's row orders creations, so that the quota is exact.
    const quotas = quotasIn(parts, await lockAccount(tx, call.principal.account.number));
    const there = await findJob(tx, call.principal.account.number, id);
    if (there !== null) throw new BatchError(there.deletedAt === null ? 'JobExists' : 'JobBeingDeleted');
    // Jobs and schedules share their ids (states.md 3.3).
    if ((await findSchedule(tx, call.principal.account.number, id)) !== null) throw new BatchError('JobScheduleWithSameIdExists');
    await checkActiveQuota(tx, call, quotas);
    const rules = { ...jobRules(spec), ...(await autoPoolRules(tx, call.principal.account, spec.poolInfo)) };
    const job = await insertJob(tx, parts.sealing, call.principal.account.number, { id, spec: JSON.stringify(spec), rules, autoPool: autoPoolTemplate(spec.poolInfo) }, call.now);
    const told = tellOwner(tx, call.principal.account.number, { kind: 'job', job });
    const manager = managerTask(spec);
    if (manager === null) return last(told);
    // The owner hears of the job before its task.
    await told;
    last(insertTasks(tx, parts.sealing, call.principal.account.number, { job, nextTask: MANAGER_TASK }, [newTask(manager, call.now)]));
  });
  wakeLater(call, parts);
  return created(call, `/jobs/${id}`, call.now);
};

const get: Handler = async (call, parts) => {
  const job = await existingJob(call, parts);
  checkConditions(call, job.modifiedAt);
  const stats = await statsOfJobs(call, parts, [job]);
  const json = dataContract.writeBody('Job', call.version, { ...wireJob(job, call.baseUrl), ...stats.get(job.job) }, `${call.baseUrl}/$metadata#jobs/@Element`);
  return entity(applySelect(json, call.query.select), job.modifiedAt);
};

export async function existingJob(call: Call, parts: Parts): Promise<JobWithStatus> {
  const job = await findJob(parts.database, call.principal.account.number, param(call, 'jobId'));
  if (job === null) throw new BatchError('JobNotFound');
  return job;
}

/** Changes the intent of the job that is called, under its lock, if its state allows `what`. Returns its `modified`. */
async function change(call: Call, parts: Parts, what: JobCall, decide: (job: JobWithStatus) => JobChange): Promise<number> {
  const modifiedAt = await transaction(parts.database, async (tx, last) => {
    const job = await lockJob(tx, call.principal.account.number, param(call, 'jobId'));
    if (job === null) throw new BatchError('JobNotFound');
    checkConditions(call, job.modifiedAt);
    guardJob(what, viewOfJob(job).state, call.query.force);
    const wanted = decide(job);
    const modified = await updateJob(tx, parts.sealing, job, wanted, call.now);
    if (wanted.spec?.keepAlive !== undefined && job.autoPoolId !== null) await keepPool(tx, call, job.autoPoolId, wanted.spec.keepAlive);
    last(tellOwner(tx, call.principal.account.number, { kind: 'job', job: job.job }));
    return modified;
  });
  await wakeAndWait(call, parts);
  return modifiedAt;
}

/** The pool that was made for a job is to be kept, or to go with the job after all. */
async function keepPool(tx: Transaction, { principal }: Call, poolId: string, keepAlive: boolean): Promise<void> {
  const pool = await keepAutoPool(tx, principal.account.number, poolId, keepAlive);
  if (pool !== null) await tellOwner(tx, principal.account.number, { kind: 'pool', pool });
}

/** `asked`: what PATCH and PUT may change. */
function respecify(job: JobWithStatus, asked: Partial<JobAdd>, secrets: Secrets): JobChange {
  // What is asked for can be held only against what was sent.
  const before = opened('job.spec', storedJob(job), secrets);
  const spec = withJobDefaults({ ...before, ...asked });
  checkAllTasksCompleteChange(before.onAllTasksComplete, spec.onAllTasksComplete);
  const what = poolChange(before.poolInfo, spec.poolInfo);
  if (what !== 'same') guardJob('updatePool', viewOfJob(job).state);
  const { autoPool } = JSON.parse(job.rules) as JobRules;
  const rules = { ...jobRules(spec), ...(autoPool === undefined || what === 'pool' ? {} : { autoPool }) };
  return { spec: { text: JSON.stringify(spec), rules, ...(what === 'keepAlive' ? { keepAlive: spec.poolInfo.autoPoolSpecification?.keepAlive === true } : {}) } };
}

/** The pool of a change, as it is stored. Passwords are held against those that the job's pool was made with. */
async function poolInfoOf(call: Call, parts: Parts, { poolInfo }: { readonly poolInfo?: PoolInfo | undefined }): Promise<{ readonly poolInfo?: PoolInfo }> {
  if (poolInfo === undefined) return {};
  if (poolInfo.autoPoolSpecification?.pool?.userAccounts === undefined) return { poolInfo: await storedPoolInfo(poolInfo, call.version) };
  const before = opened('job.spec', storedJob(await existingJob(call, parts)), parts.sealing);
  return { poolInfo: await storedPoolInfo(poolInfo, call.version, before.poolInfo) };
}

const patch: Handler = async (call, parts) => {
  const asked = dataContract.readBody('JobPatch', call.version, await call.json());
  const poolInfo = await poolInfoOf(call, parts, asked);
  return changed(call, 200, await change(call, parts, 'update', (job) => respecify(job, { ...present(asked), ...poolInfo }, parts.sealing)));
};

/**
 * Properties that a PUT leaves out go back to their defaults. Older versions cannot send the younger properties, so
 * those stay.
 */
const put: Handler = async (call, parts) => {
  const asked = dataContract.readBody('JobPut', call.version, await call.json());
  const poolInfo = await poolInfoOf(call, parts, asked);
  const modifiedAt = await change(call, parts, 'update', (job) => {
    const { priority: _p, constraints: _c, onAllTasksComplete: _o, metadata: _m, maxParallelTasks, allowTaskPreemption, ...kept } = storedJob(job);
    const { revision } = call.version;
    const young = { ...(revision < 14 ? { maxParallelTasks } : {}), ...(revision < 15 ? { allowTaskPreemption } : {}) };
    const spec = withJobDefaults({ ...kept, ...young, ...present(asked), ...poolInfo });
    return respecify(job, { ...spec, metadata: asked.metadata }, parts.sealing);
  });
  return changed(call, 200, modifiedAt);
};

/** An action on the job as a whole: 202. */
function action(what: JobCall, read: (call: Call) => Promise<JobAction>): Handler {
  return async (call, parts) => {
    const asked = await read(call);
    return changed(call, 202, await change(call, parts, what, () => ({ action: asked })));
  };
}

const disable = action('disable', async (call) => {
  const { disableTasks } = dataContract.readBody('JobDisable', call.version, await call.json());
  return { kind: 'disable', tasks: disableTasks };
});

const enable = action('enable', () => Promise.resolve({ kind: 'enable' }));

/** The reason a job ended that gave none when it was terminated (inferred, states.md 3.3). */
const DEFAULT_REASON = 'UserTerminate';

const FORCED = { force: true } as const;

const terminate = action('terminate', async (call) => {
  const body = await call.jsonIfAny();
  const reason = body === undefined ? undefined : dataContract.readBody('JobTerminate', call.version, body).terminateReason;
  return { kind: 'terminate', reason: reason ?? DEFAULT_REASON, ...(call.query.force ? FORCED : {}) };
});

const remove: Handler = async (call, parts) => {
  const force: JobChange = call.query.force ? { action: { kind: 'terminate', reason: DEFAULT_REASON, ...FORCED } } : {};
  await change(call, parts, 'delete', (job) => ({ deletedAt: job.deletedAt ?? call.now, ...force }));
  return deleted(202);
};

const taskCounts: Handler = async (call, parts) => {
  const job = await existingJob(call, parts);
  const pending = await countPending(parts.database, job, job.ingested ?? 0);
  const tasks = tally((job.tasksActive ?? 0) + pending.tasks, job.tasksRunning, job.tasksSucceeded, job.tasksFailed);
  const slots = tally((job.slotsActive ?? 0) + pending.slots, job.slotsRunning, job.slotsSucceeded, job.slotsFailed);
  // Recorded: the name changed with the version that added counts of slots.
  const metadata = `${call.baseUrl}/$metadata#${call.version.revision < 12 ? 'taskcounts' : 'taskcountsresult'}/@Element`;
  // The first versions say whether counts were held against the tasks; ours are committed together with them.
  const result = { taskCounts: tasks, taskSlotCounts: slots, ...tasks, validationStatus: 'validated' as const };
  return entity(dataContract.writeBody('TaskCountsResult', call.version, result, metadata), null);
};

function tally(active: number, running: number | null, succeeded: number | null, failed: number | null): TaskCounts {
  return {
    active,
    running: running ?? 0,
    completed: (succeeded ?? 0) + (failed ?? 0),
    succeeded: succeeded ?? 0,
    failed: failed ?? 0,
  };
}

/** Operations on jobs, by operation id. */
export const jobHandlers = {
  Job_Add: add,
  Job_Get: get,
  Job_List: listJobsHandler,
  Job_Patch: patch,
  Job_Update: put,
  Job_Disable: disable,
  Job_Enable: enable,
  Job_Terminate: terminate,
  Job_Delete: remove,
  Job_GetTaskCounts: taskCounts,
  Job_ListPreparationAndReleaseTaskStatus: listOnNodes(async (call, parts) => {
    const job = await existingJob(call, parts);
    return { job: job.job, of: { baseUrl: call.baseUrl, jobId: job.id, spec: storedJob(job) } };
  }),
} as const satisfies Partial<Record<OperationId, Handler>>;
