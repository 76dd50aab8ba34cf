import { sha512Crypt } from '../../../src/api/data/pool/passwords.ts';
import { preparationWork, releaseWork } from '../../../src/control/jobWork.ts';
import { machineOf } from '../../../src/control/nodeRequest.ts';
import { nodeSetup, openedPool, taskWork, type JobSpec } from '../../../src/control/work.ts';
import type { NodeStatus } from '../../../src/core/status.ts';
import { postgresOwnerStore } from '../../../src/store/owner/store.ts';
import type { PoolSpec, StoredCertificate } from '../../../src/store/ownerStore.ts';
import type { JobTemplate, PoolTemplate } from '../../../src/store/rules.ts';
import { opened, openedCertificate } from '../../../src/store/sealedSpecs.ts';
import { operations, type Operation, type OperationId } from '../../../src/wire/operations.ts';
import type { PoolAdd, TaskAdd } from '../../../src/wire/types.generated.ts';
import { SEALING } from '../../api/management/support.ts';
import { statuses } from '../../api/statuses.ts';
import { noStorage, testApi, type Got, type Sent, type TestApi } from '../../api/support.ts';
import { THUMBPRINTS, versionOf, type Json, IMAGE } from './bodies.ts';

/** What has become of a body. */
export interface Outcome {
  /** What the service answers to it, and what it tells of the resource afterwards. */
  readonly answer: unknown;
  /** What the rules read of it. */
  readonly rules: unknown;
  /** What agents are given of it, or asked. */
  readonly work: unknown;
}

/** What the service said to a body that it did not take. */
export interface Refused {
  readonly code: string;
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

export interface Stage {
  /**
   * Sends a body to an empty account that has nothing but what the operation is about. `job`: how that was added which
   * the operation is about.
   */
  send(operation: Operation, body: Json, job?: Json): Promise<Outcome | Refused>;
  close(): Promise<void>;
}

const NODE = { id: 'tvmps_1_d', dedicated: true, slots: 2 } as NodeStatus;
const sign = { container: (name: string, prefix?: string) => `signed:${name}/${prefix ?? ''}`, url: (url: string) => `signed:${url}?signed`, endpoint: (account: string) => `http://${account}` };
const packages = { accountName: 'mybatchaccount', active: [], sign };
const GRANTS = { slots: 1, sign, packages, token: () => 'token' };
/** Of what is in the path of an operation. */
const NAMES: Readonly<Record<string, string>> = { poolId: 'p', nodeId: 'tvmps_1_d', jobId: 'j', taskId: 't', jobScheduleId: 's', userName: 'someone', thumbprintAlgorithm: 'sha1' };
/** What is read of a resource after it was asked for something, by the first word of the operation. */
const SHOWN: Readonly<Record<string, OperationId>> = { Pool: 'Pool_Get', ComputeNode: 'ComputeNode_Get', Job: 'Job_Get', JobSchedule: 'JobSchedule_Get', Task: 'Task_Get', Certificate: 'Certificate_Get' };

/** The operation that reads what this one is about. */
export function shownBy({ id }: Operation): Operation {
  const found = operations.find((one) => one.id === SHOWN[id.slice(0, id.indexOf('_'))]);
  if (found === undefined) throw new Error(`nothing is read after ${id}`);
  return found;
}

/** An API over a real database, whose owner and agents are those who read here. */
export async function stage(): Promise<Stage> {
  const asks: unknown[] = [];
  const it = await testApi({
    storage: { ...noStorage, writable: (url) => `signed:${url}` },
    nodeRequests: {
      ask: (_account, _node, ask) => {
        asks.push(ask);
        return Promise.resolve({ kind: 'done' });
      },
    },
    files: {
      ask: (_account, _node, { ...ask }) => {
        // It holds the id of the request.
        asks.push({ ...ask, directory: '' });
        return Promise.resolve({ kind: 'uploaded', files: 1 });
      },
      read: () => Promise.reject(new Error('no file is read here')),
    },
  });
  return {
    async send(operation, body, job = JOB) {
      const text = JSON.stringify(body);
      const version = versionOf(text);
      await it.clear();
      asks.length = 0;
      await prepare(it, operation, { text, version, job });
      const sent = await it.ask({ method: operation.method, url: `${pathOf(operation, body)}?api-version=${version}`, body });
      if (sent.status !== operation.status) return refusal(sent);
      const shown = await it.ask({ url: `${shownPath(operation, body)}?api-version=${version}` });
      if (shown.status !== 200) throw new Error(`after ${operation.id}: ${shown.text}`);
      const stored = await storedIn(it);
      const [rules, work] = await Promise.all([rulesOf(it, stored), workOf(it, stored)]);
      const outcome = { answer: [told(sent), told(shown)], rules, work: [work, asks] };
      return withPasswords(unnumbered(outcome), text);
    },
    close: () => it.close(),
  };
}

export function isRefused(outcome: Outcome | Refused): outcome is Refused {
  return 'code' in outcome;
}

function refusal({ status, json, text }: Got): Refused {
  if (json?.code === undefined) throw new Error(`${status} ${text}`);
  return { code: String(json.code), values: json.values ?? [] };
}

function pathOf({ path }: Operation, body: Json): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = NAMES[name] ?? body[name];
    if (typeof value !== 'string') throw new Error(`${path} needs a ${name}`);
    return value;
  });
}

/** What was added has the id that its body says. */
function shownPath(operation: Operation, body: Json): string {
  const path = pathOf(shownBy(operation), body);
  const [added] = operation.id === 'Task_AddCollection' ? (body['value'] as readonly Json[]) : [body];
  const id = added?.['id'];
  return typeof id === 'string' ? path.replace(/\/\w+$/, `/${id}`) : path;
}

/** Without what is another one's each time. */
function told({ json }: Got): unknown {
  const { virtualDirectoryName: _id, ...rest } = (json ?? {}) as Json;
  return rest;
}

type Asked = Pick<Sent, 'url' | 'body' | 'method'>;

const JOB: Json = { id: 'j', poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onTaskFailure: 'performexitoptionsjobaction' };
/** What else has to be there before an operation, by its path, in the order in which it is made. */
const THERE: readonly (readonly [name: string, asked: Asked])[] = [
  ['{poolId}', { url: '/pools', body: { id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE } }],
  ['{taskId}', { url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } }],
  ['{jobScheduleId}', { url: '/jobschedules', body: { id: 's', schedule: { recurrenceInterval: 'PT1H' }, jobSpecification: { poolInfo: { poolId: 'p' } } } }],
];
/** What is asked of it besides. */
const BEFORE: Readonly<Partial<Record<OperationId, Asked>>> = {
  Pool_EvaluateAutoScale: { url: '/pools/p/enableautoscale', body: { autoScaleFormula: '$TargetDedicatedNodes = 0;' } },
};
const CLOUD_POOL: Asked = { url: '/pools?api-version=2018-08-01.7.0', body: { id: 'p', vmSize: 'small', cloudServiceConfiguration: { osFamily: '5' } } };

interface Preparing {
  readonly text: string;
  readonly version: string;
  readonly job: Json;
}

async function prepare(it: TestApi, { id, path }: Operation, { text: body, version, job: jobBody }: Preparing): Promise<void> {
  if (body.includes('applicationId')) {
    await it.pool.query(
      `with one as (insert into application (account, id, id_key, allow_updates, container, created, modified) select account, id, id, true, 'c', 1, 1 from account, unnest('{app,appx}'::text[]) as id returning application)
       insert into application_package (application, version, version_key, created, modified, activated_at, activation) select application, version, version, 1, 1, 2, 1 from one, unnest('{1.0,1.0x}'::text[]) as version`,
    );
  }
  if (body.includes('certificateReferences')) {
    await it.pool.query(
      `insert into certificate (account, thumbprint, thumbprint_key, format, data, public_data, state, state_since) select account, one, one, 'cer', '', '', 'active', 1 from account, unnest($1::text[]) as one`,
      [THUMBPRINTS],
    );
  }
  const isUpgrade = id === 'Pool_UpgradeOS';
  if (path.includes('{jobId}')) await made(it, { url: jobBody === JOB ? '/jobs' : `/jobs?api-version=${version}`, body: jobBody });
  for (const [name, asked] of THERE) if (path.includes(name)) await made(it, name === '{poolId}' && isUpgrade ? CLOUD_POOL : asked);
  const { pool, node, job } = statuses(it.pool);
  if (path.includes('{poolId}')) await pool('p', {});
  if (path.includes('{nodeId}') || id === 'Pool_RemoveNodes') for (const name of [NODE.id, 'tvmps_2_d']) await node('p', { id: name });
  // Only then it may get another pool.
  if (id === 'Job_Patch' || id === 'Job_Update') await job('j', { state: 'disabled' });
  const before = BEFORE[id];
  if (before !== undefined) await made(it, before);
}

async function made(it: TestApi, asked: Asked): Promise<void> {
  const { status, text } = await it.ask({ method: 'POST', ...asked });
  if (status >= 300) throw new Error(`${asked.url}: ${text}`);
}

/** What is stored of all resources, by the specifications alone. */
interface Stored {
  readonly pools: readonly number[];
  readonly jobs: readonly { readonly job: number; readonly auto_pool: PoolTemplate | null }[];
  readonly tasks: readonly { readonly job: number; readonly spec: TaskAdd }[];
  /** What the schedules make jobs of. */
  readonly templates: readonly JobTemplate[];
  readonly certificates: readonly StoredCertificate[];
}

async function storedIn({ pool: database }: TestApi): Promise<Stored> {
  const { rows } = await database.query<Stored>(
    `select array(select pool from pool order by pool) as pools,
       coalesce((select json_agg(json_build_object('job', job, 'auto_pool', auto_pool) order by job) from job), '[]') as jobs,
       coalesce((select json_agg(json_build_object('job', job, 'spec', spec) order by job, task) from task), '[]') as tasks,
       coalesce((select json_agg(job order by schedule) from job_schedule), '[]') as templates,
       coalesce((select json_agg(json_build_object('thumbprint', thumbprint, 'format', format, 'sealed', sealed, 'data', encode(data, 'base64'), 'password', password)) from certificate), '[]') as certificates`,
  );
  if (rows[0] === undefined) throw new Error('nothing is stored');
  const { pools, jobs, tasks, templates, certificates } = rows[0];
  // What is sealed never looks the same twice.
  return {
    pools,
    jobs: jobs.map(({ job, auto_pool: auto }) => ({ job, auto_pool: opened('job.auto_pool', auto, SEALING) })),
    tasks: tasks.map(({ job, spec }) => ({ job, spec: opened('task.spec', spec, SEALING) })),
    templates: templates.map((template) => opened('job_schedule.job', template, SEALING)),
    certificates,
  };
}

/** All that an owner would be told. */
async function rulesOf(it: TestApi, { jobs: rows, templates }: Stored): Promise<unknown> {
  const store = postgresOwnerStore(it.pool);
  const { pools, jobs, schedules, nodes, tasks } = await store.readInbox(1, 100);
  const added = await Promise.all(rows.map(({ job }) => store.readTasks(job, 0, 100)));
  const made = templates.map((template) => ({ ...unspecified(template), autoPool: unspecified(template.autoPool), manager: unspecified(template.manager) }));
  return [pools, jobs, schedules, nodes, tasks, added.map((page) => page.tasks), rows.map(({ auto_pool: auto }) => unspecified(auto)), made];
}

function unspecified<Template extends { readonly spec: object }>(template: Template | null): Omit<Template, 'spec'> | null {
  if (template === null) return null;
  const { spec: _spec, ...rest } = template;
  return rest;
}

/** All that agents would be given. */
async function workOf(it: TestApi, { pools, jobs, tasks, templates, certificates }: Stored): Promise<unknown> {
  const store = postgresOwnerStore(it.pool);
  const [poolSpecs, jobSpecs] = await Promise.all([store.readPoolSpecs(pools), store.readJobSpecs(jobs.map(({ job }) => job))]);
  return [
    poolSpecs.map(nodeWork),
    jobSpecs.map(({ job, id, spec }) => jobWork({ id, spec: opened('job.spec', spec as JobSpec['spec'], SEALING) }, tasks.filter((task) => task.job === job).map((task) => task.spec))),
    jobs.map(({ auto_pool: auto }) => auto && templateWork(auto)),
    templates.map(({ spec, autoPool, manager }) => [jobWork({ id: 'j', spec: spec as JobSpec['spec'] }, manager === null ? [] : [manager.spec as TaskAdd]), autoPool && templateWork(autoPool)]),
    certificates.map((certificate) => ({ ...certificate, ...openedCertificate(certificate, SEALING), sealed: null })),
  ];
}

function nodeWork({ id, spec, certificates }: Pick<PoolSpec, 'id' | 'spec' | 'certificates'>): unknown {
  return [nodeSetup(NODE, openedPool({ id, spec: spec as PoolAdd, certificates }, SEALING), { name: 'a', url: 'u' }, GRANTS), machineOf(spec as PoolAdd)];
}

function templateWork({ spec }: PoolTemplate): unknown {
  const named = JSON.stringify(spec);
  const certificates = THUMBPRINTS.filter((thumbprint) => named.includes(thumbprint)).map((thumbprint) => ({ thumbprint, format: 'cer' as const, sealed: null, data: '', password: null }));
  return nodeWork({ id: 'auto', spec, certificates });
}

function jobWork(job: JobSpec, tasks: readonly TaskAdd[]): unknown {
  const { jobPreparationTask, jobReleaseTask } = job.spec;
  return [
    jobPreparationTask === undefined ? null : preparationWork({ job: 1, kind: 'preparation', attempt: 1 }, job, sign),
    jobReleaseTask === undefined ? null : releaseWork(job, sign),
    taskWork({ id: 'any', commandLine: 'x' }, job, GRANTS),
    ...tasks.map((task) => taskWork(task, job, { ...GRANTS, among: task.multiInstanceSettings === undefined ? undefined : { instance: 0, hosts: [] } })),
  ];
}

/** Keys of rows, which are others each time. */
const NUMBERS: ReadonlySet<string> = new Set(['pool', 'job', 'schedule', 'task', 'node']);

function unnumbered(outcome: Outcome): Outcome {
  return JSON.parse(JSON.stringify(outcome, (key, value: unknown) => (NUMBERS.has(key) && typeof value === 'number' ? 0 : value))) as Outcome;
}

/** Each password in place of its hash, which is another one each time. */
function withPasswords(outcome: Outcome, sent: string): Outcome {
  const passwords = [...sent.matchAll(/"password":("[^"]*")/g)].map(([, text = '""']) => JSON.parse(text) as string);
  const text = JSON.stringify(outcome).replaceAll(/\$6\$([./\w]{16})\$[./\w]{86}/g, (hash, salt: string) => `hash of ${passwords.find((password) => sha512Crypt(password, salt) === hash) ?? 'another'}`);
  return JSON.parse(text) as Outcome;
}
