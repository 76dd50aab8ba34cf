import type { ScheduleAction } from '../../../core/intent.ts';
import { lockAccount } from '../../../store/intents/accounts.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { findJob, listJobsOfSchedule } from '../../../store/intents/jobs.ts';
import { findSchedule, insertSchedule, lockSchedule, updateSchedule, type ScheduleChange, type ScheduleSpec, type ScheduleWithStatus } from '../../../store/intents/schedules.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { withScheduledJobDefaults, type ScheduledJobWithDefaults, type ScheduleWithDefaults } from '../../../wire/defaults.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { applySelect } from '../../../wire/query.ts';
import type { JobSpecification } from '../../../wire/types.generated.ts';
import { changed, created, deleted, entity, found } from '../../answer.ts';
import { param, quotasIn, wakeAndWait, type Call, type Handler, type Parts } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { autoPoolRules, storedPoolInfo } from '../job/autoPool.ts';
import { listJobsBy } from '../job/list.ts';
import { checkActiveQuota } from '../job/quota.ts';
import { statsOfSchedules } from '../statistics.ts';
import { guardSchedule, type ScheduleCall } from './guards.ts';
import { listSchedulesHandler } from './list.ts';
import { jobTemplate, storedSchedule, timing, viewOfSchedule, wireSchedule } from './view.ts';

const add: Handler = async (call, parts) => {
  const asked = dataContract.readBody('JobScheduleAdd', call.version, await call.json());
  const spec = { ...asked, jobSpecification: await storedJob(call, asked.jobSpecification) };
  const { id } = spec;
  const account = call.principal.account.number;
  await transaction(parts.database, async (tx, last) => {
    const quotas = quotasIn(parts, await lockAccount(tx, account));
    const there = await findSchedule(tx, account, id);
    if (there !== null) throw new BatchError(takenBy(there));
    // Jobs and schedules share their ids (states.md 3.3).
    if ((await findJob(tx, account, id)) !== null) throw new BatchError('JobWithSameIdExists');
    await checkActiveQuota(tx, call, quotas);
    const schedule = await insertSchedule(tx, parts.sealing, account, id, await stored(tx, call, spec), call.now);
    last(tellOwner(tx, account, { kind: 'schedule', schedule }));
  });
  // Its first job stands there as soon as the client looks (recorded: 46 ms later).
  await wakeAndWait(call, parts);
  return created(call, `/jobschedules/${id}`, call.now);
};

/** A completed one says so (batch-shipyard issue 345, from the live service). */
function takenBy(there: ScheduleWithStatus): 'JobScheduleExists' | 'JobScheduleCompleted' | 'JobScheduleBeingDeleted' {
  const { state } = viewOfSchedule(there);
  if (state === 'deleting') return 'JobScheduleBeingDeleted';
  return state === 'completed' ? 'JobScheduleCompleted' : 'JobScheduleExists';
}

async function storedJob({ version }: Call, specification: JobSpecification): Promise<ScheduledJobWithDefaults> {
  return withScheduledJobDefaults({ ...specification, poolInfo: await storedPoolInfo(specification.poolInfo, version) });
}

async function stored(tx: Transaction, { principal }: Call, spec: ScheduleWithDefaults): Promise<ScheduleSpec> {
  const { schedule, jobSpecification } = spec;
  return { spec: JSON.stringify(spec), rules: timing(schedule), job: jobTemplate(jobSpecification, await autoPoolRules(tx, principal.account, jobSpecification.poolInfo)) };
}

const get: Handler = async (call, parts) => {
  const schedule = await existing(call, parts);
  checkConditions(call, schedule.modifiedAt);
  const stats = await statsOfSchedules(call, parts, [schedule]);
  const json = dataContract.writeBody('JobSchedule', call.version, { ...wireSchedule(schedule, call.baseUrl), ...stats.get(schedule.schedule) }, `${call.baseUrl}/$metadata#jobschedules/@Element`);
  return entity(applySelect(json, call.query.select), schedule.modifiedAt);
};

const exists: Handler = async (call, parts) => {
  const schedule = await existing(call, parts);
  checkConditions(call, schedule.modifiedAt);
  return found(schedule.modifiedAt);
};

async function existing(call: Call, parts: Parts): Promise<ScheduleWithStatus> {
  const schedule = await findSchedule(parts.database, call.principal.account.number, param(call, 'jobScheduleId'));
  if (schedule === null) throw new BatchError('JobScheduleNotFound');
  return schedule;
}

/** Changes the intent of the called schedule, under its lock, if its state allows `what`; returns `modified`. */
async function change(call: Call, parts: Parts, what: ScheduleCall, decide: (schedule: ScheduleWithStatus, tx: Transaction) => ScheduleChange | Promise<ScheduleChange>): Promise<number> {
  const modifiedAt = await transaction(parts.database, async (tx, last) => {
    const schedule = await lockSchedule(tx, call.principal.account.number, param(call, 'jobScheduleId'));
    if (schedule === null) throw new BatchError('JobScheduleNotFound');
    checkConditions(call, schedule.modifiedAt);
    guardSchedule(what, viewOfSchedule(schedule).state, call.query.force);
    const modified = await updateSchedule(tx, parts.sealing, schedule, await decide(schedule, tx), call.now);
    last(tellOwner(tx, call.principal.account.number, { kind: 'schedule', schedule: schedule.schedule }));
    return modified;
  });
  await wakeAndWait(call, parts);
  return modifiedAt;
}

/** Each property that is given replaces the former one whole (API reference, "Update a job schedule"). */
const patch: Handler = async (call, parts) => {
  const { schedule, jobSpecification, metadata } = dataContract.readBody('JobSchedulePatch', call.version, await call.json());
  const job = jobSpecification === undefined ? {} : { jobSpecification: await storedJob(call, jobSpecification) };
  const modifiedAt = await change(call, parts, 'update', async (row, tx) => {
    const before = storedSchedule(row);
    const spec = {
      ...before,
      ...(schedule === undefined ? {} : { schedule }),
      ...job,
      ...(metadata === undefined ? {} : { metadata }),
    };
    return { spec: { ...(await stored(tx, call, spec)), isTimed: schedule !== undefined } };
  });
  return changed(call, 200, modifiedAt);
};

/** Properties that are left out go back to their defaults: one job, at once. */
const put: Handler = async (call, parts) => {
  const { schedule = {}, jobSpecification, metadata } = dataContract.readBody('JobSchedulePut', call.version, await call.json());
  const job = await storedJob(call, jobSpecification);
  const modifiedAt = await change(call, parts, 'update', async (row, tx) => {
    const { metadata: _metadata, ...kept } = storedSchedule(row);
    const spec = { ...kept, schedule, jobSpecification: job, metadata };
    return { spec: { ...(await stored(tx, call, spec)), isTimed: true } };
  });
  return changed(call, 200, modifiedAt);
};

/** An action on the schedule as a whole. */
function action(what: ScheduleCall, status: 202 | 204, asked: (call: Call) => ScheduleAction): Handler {
  return async (call, parts) => changed(call, status, await change(call, parts, what, () => ({ action: asked(call) })));
}

function terminate({ query }: Call): ScheduleAction {
  return { kind: 'terminate', ...(query.force ? { force: true } : {}) };
}

const remove: Handler = async (call, parts) => {
  const forced: ScheduleChange = call.query.force ? { action: terminate(call) } : {};
  await change(call, parts, 'delete', ({ deletedAt }) => ({ deletedAt: deletedAt ?? call.now, ...forced }));
  return deleted(202);
};

/** Operations on job schedules, by operation id. */
export const scheduleHandlers = {
  JobSchedule_Add: add,
  JobSchedule_Get: get,
  JobSchedule_Exists: exists,
  JobSchedule_List: listSchedulesHandler,
  JobSchedule_Patch: patch,
  JobSchedule_Update: put,
  JobSchedule_Disable: action('disable', 204, () => ({ kind: 'disable' })),
  JobSchedule_Enable: action('enable', 204, () => ({ kind: 'enable' })),
  JobSchedule_Terminate: action('terminate', 202, terminate),
  JobSchedule_Delete: remove,
  Job_ListFromJobSchedule: listJobsBy(async (call, parts) => {
    const { schedule } = await existing(call, parts);
    return (after, limit) => listJobsOfSchedule(parts.database, schedule, after, limit);
  }),
} as const satisfies Partial<Record<OperationId, Handler>>;
