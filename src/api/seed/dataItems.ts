import { randomUUID } from 'node:crypto';
import { dataContract, type ShapeName } from '../../wire/dataContract.ts';
import { BatchError, type ErrorCode } from '../../wire/errors.ts';
import type { OperationId } from '../../wire/operations.ts';
import { NEWEST_API_VERSION, parseApiVersion, type ApiVersion } from '../../wire/versions.ts';
import type { Account } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import { askWithin } from '../data/within.ts';
import type { AccountPart } from '../roles.ts';
import { differences, topOf } from './compare.ts';
import type { Asking, Item, ItemKind } from './item.ts';
import type { Contents, Entry, JsonObject } from './read.ts';

/** How a kind of resource of the data plane is found, made and changed. */
interface DataKind {
  readonly kind: ItemKind;
  readonly of: AccountPart;
  readonly add: OperationId;
  readonly get: OperationId;
  readonly body: ShapeName;
  /** null: it never changes. */
  readonly change: { readonly operation: OperationId; readonly body: ShapeName } | null;
  /** Somebody else was quicker. */
  readonly isThere: readonly ErrorCode[];
  readonly version: ApiVersion;
}

const POOL: DataKind = { kind: 'pool', of: 'pools', add: 'Pool_Add', get: 'Pool_Get', body: 'PoolAdd', change: { operation: 'Pool_Patch', body: 'PoolPatch' }, isThere: ['PoolExists'], version: NEWEST_API_VERSION };
const SCHEDULE: DataKind = { kind: 'job schedule', of: 'jobSchedules', add: 'JobSchedule_Add', get: 'JobSchedule_Get', body: 'JobScheduleAdd', change: { operation: 'JobSchedule_Patch', body: 'JobSchedulePatch' }, isThere: ['JobScheduleExists', 'JobScheduleCompleted'], version: NEWEST_API_VERSION };
const JOB: DataKind = { kind: 'job', of: 'jobs', add: 'Job_Add', get: 'Job_Get', body: 'JobAdd', change: { operation: 'Job_Patch', body: 'JobPatch' }, isThere: ['JobExists'], version: NEWEST_API_VERSION };
const TASK: DataKind = { kind: 'task', of: 'jobs', add: 'Task_Add', get: 'Task_Get', body: 'TaskAdd', change: { operation: 'Task_Update', body: 'TaskPut' }, isThere: ['TaskExists'], version: NEWEST_API_VERSION };
/** The last version that has them. Which one it is, its thumbprint says: the rest is never answered. */
const CERTIFICATE: DataKind = { kind: 'certificate', of: 'certificates', add: 'Certificate_Add', get: 'Certificate_Get', body: 'CertificateAdd', change: null, isThere: ['CertificateExists'], version: parseApiVersion('2024-02-01.19.0') };

type Params = Readonly<Record<string, string>>;
type Ask = (operation: OperationId, params: Params, body?: JsonObject) => Promise<Answer>;

function asks(account: Account, { parts, now, baseUrl, signal }: Asking, version: ApiVersion): Ask {
  // As it would have come: without what is undefined.
  const sent = (body: JsonObject | undefined): unknown => (body === undefined ? undefined : JSON.parse(JSON.stringify(body)));
  return (operation, params, body) => askWithin(account, parts.data, { operation, params, body: sent(body), version, now: now(), requestId: randomUUID(), baseUrl, signal });
}

/** Certificates and pools; jobs come after what they run on. `inside`: the item of the account where it is one. */
export function poolItems({ certificates, pools }: Contents, account: Account, asking: Asking, inside: Item | null): readonly Item[] {
  return [
    ...certificates.map((entry) => dataItem(CERTIFICATE, entry, { thumbprintAlgorithm: 'sha1', thumbprint: entry.id }, account, asking, inside)),
    ...pools.map((entry) => poolItem(entry, account, asking, inside)),
  ];
}

export function scheduleItems({ schedules }: Contents, account: Account, asking: Asking, inside: Item | null): readonly Item[] {
  return schedules.map((entry) => dataItem(SCHEDULE, entry, { jobScheduleId: entry.id }, account, asking, inside));
}

/** A job with its tasks: they are asked together, and made in their order. */
export interface JobItems {
  readonly job: Item;
  readonly tasks: readonly Item[];
  readonly end: Item | null;
}

/**
 * A job that ends with its tasks gets that property once they are there: with none it would end at once (API reference,
 * "Add a job": `onAllTasksComplete`).
 */
export function jobItems({ jobs }: Contents, account: Account, asking: Asking, inside: Item | null): readonly JobItems[] {
  return jobs.map((entry) => {
    const params = { jobId: entry.id };
    const endsLater = entry.tasks.length > 0 && String(entry.body['onAllTasksComplete']).toLowerCase() === 'terminatejob';
    const { onAllTasksComplete: _later, ...body } = entry.body;
    const job = dataItem(JOB, endsLater ? { ...entry, body } : entry, params, account, asking, inside);
    const tasks = entry.tasks.map((task) => ({ ...dataItem(TASK, task, { ...params, taskId: task.id }, account, asking, job), id: `${entry.id}/${task.id}` }));
    return { job, tasks, end: endsLater ? endItem(entry, params, account, asking, job) : null };
  });
}

function dataItem(row: DataKind, { id, place, body }: Entry, params: Params, account: Account, asking: Asking, within: Item | null): Item {
  const ask = asks(account, asking, row.version);
  return {
    kind: row.kind,
    id,
    place,
    within,
    differing: async () => {
      asking.permit(row.of);
      const asked = canonical(row, body);
      const there = await answered(() => ask(row.get, params));
      return there === null ? null : differences(row.change === null ? {} : asked, there);
    },
    make: async () => {
      try {
        await ask(row.add, params, body);
        return true;
      } catch (error) {
        if (error instanceof BatchError && row.isThere.includes(error.code)) return false;
        throw error;
      }
    },
    change: async (differing) => {
      if (row.change === null) return;
      const changed = part(row.change.body, row.version, body, differing);
      if (Object.keys(changed).length > 0) await ask(row.change.operation, params, changed);
    },
  };
}

/** As answers would have it: enums, durations and times in the service's spelling, no secrets. */
function canonical({ body: shape, version }: DataKind, body: JsonObject): JsonObject {
  return dataContract.writeBody(shape, version, dataContract.readBody(shape, version, body));
}

/** What of a body differs, as far as a change of the shape can say it. */
function part(shape: ShapeName, { revision }: ApiVersion, body: JsonObject, differing: readonly string[]): JsonObject {
  const known = new Set(dataContract.rowsOf(shape).flatMap(([name, { since = 0, until = revision }]) => (since <= revision && until >= revision ? [name] : [])));
  const names = new Set(differing.map(topOf).filter((name) => known.has(name)));
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.has(name)));
}

const SIZE = ['targetDedicatedNodes', 'targetLowPriorityNodes', 'resizeTimeout'];
const SCALING = ['enableAutoScale', 'autoScaleFormula', 'autoScaleEvaluationInterval'];

/** How many nodes a pool has, and by which formula, is changed by operations of their own. */
function poolItem(entry: Entry, account: Account, asking: Asking, inside: Item | null): Item {
  const params = { poolId: entry.id };
  const item = dataItem(POOL, entry, params, account, asking, inside);
  const ask = asks(account, asking, POOL.version);
  return {
    ...item,
    change: async (differing) => {
      await item.change(differing);
      const { enableAutoScale, autoScaleFormula, autoScaleEvaluationInterval } = entry.body;
      const scales = differing.some((name) => SCALING.includes(name));
      if (scales && enableAutoScale === true) await ask('Pool_EnableAutoScale', params, { autoScaleFormula, autoScaleEvaluationInterval });
      if (scales && enableAutoScale !== true) await ask('Pool_DisableAutoScale', params);
      const { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout } = entry.body;
      if (enableAutoScale !== true && differing.some((name) => SIZE.includes(name))) await ask('Pool_Resize', params, { targetDedicatedNodes, targetLowPriorityNodes, resizeTimeout });
    },
  };
}

/** It never goes back to `noaction`: where it is that, it was not yet set. */
function endItem({ id, place }: Entry, params: Params, account: Account, asking: Asking, job: Item): Item {
  const ask = asks(account, asking, JOB.version);
  return {
    kind: 'end of job',
    id,
    place: `${place}.onAllTasksComplete`,
    within: job,
    differing: async () => {
      const there = await answered(() => ask(JOB.get, params));
      return there === null || (there['onAllTasksComplete'] !== 'terminatejob' && there['state'] !== 'completed') ? null : [];
    },
    make: async () => {
      await ask('Job_Patch', params, { onAllTasksComplete: 'terminatejob' });
      return true;
    },
    change: () => Promise.resolve(),
  };
}

/** null: there is none. */
async function answered(ask: () => Promise<Answer>): Promise<JsonObject | null> {
  try {
    const { body } = await ask();
    if (typeof body !== 'string') throw new Error('a resource is answered without a body of text');
    return JSON.parse(body) as JsonObject;
  } catch (error) {
    if (error instanceof BatchError && error.status === 404) return null;
    throw error;
  }
}
