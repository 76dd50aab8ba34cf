import { expect } from 'vitest';
import { FAILURE_EXIT_CODE } from '../../src/core/task/failures.ts';
import { resizeStopped } from '../../src/core/resizeErrors.ts';
import type { FailureInfo, InstalledCertificate, NodeStatus, StartTaskStatus, TaskStatus } from '../../src/core/status.ts';
import { statuses } from './statuses.ts';
import type { TestApi } from './support.ts';

const STARTED: StartTaskStatus = { state: 'completed', startedAt: 1, endedAt: 2, exitCode: 0, failure: null, retryCount: 0, lastRetryAt: null, result: 'success' };
const THUMBPRINT = '0123456789abcdef0123456789abcdef01234567';
/** What stands in place of a certificate in the recordings. */
const MASKED = 'BASE64CERTIFICATE==';
const JOB = 'HelloWorldJobNodeSDKTest';
const RUNNING = { state: 'running', previousState: 'active', previousSince: 1, attempt: 1, startedAt: 1 } as const;
const COMPLETED = { ...RUNNING, state: 'completed', previousState: 'running', endedAt: 2 } as const;
const SUCCEEDED = { ...COMPLETED, exitCode: 0, result: 'success' } as const;
const XENIAL = { imageReference: { publisher: 'Canonical', offer: 'UbuntuServer', sku: '16.04-LTS' }, nodeAgentSKUId: 'batch.node.ubuntu 16.04' };
const STOPPED = { resizeErrors: [resizeStopped('lowPriority')] };
const NO_TASKS = { active: 0, running: 0, succeeded: 0, failed: 0 };
/** What a formula that asks for two nodes has given, at its first run. */
const TWO_NODES = { sequence: 1, evaluatedAt: 1, results: '$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue', error: null, option: 'requeue' } as const;
const [LINUX, WINDOWS] = ['ncj-ubuntu1604', 'ncj-windows-2012-r2'] as const;

/**
 * What has happened in the service before an exchange, by its name, other than by a request that is replayed: what an
 * owner would have written, an end of what was deleted, a request that is not served.
 */
export function recordedStates(it: TestApi): Readonly<Record<string, () => Promise<unknown>>> {
  const write = statuses(it.pool);
  /** Nodes of the session by the number in their ids. */
  const nodes = new Map<number, number>();

  async function node(pool: string, number: number, status: Partial<NodeStatus> = {}): Promise<void> {
    const id = `tvmps_0${number}${'a'.repeat(62)}_d`;
    await it.pool.query('delete from node where id = $1', [id]);
    nodes.set(number, await write.node(pool, { id, ...status }));
  }

  /** One whose agent has come up. */
  function idleNode(pool: string, number: number, { version, ipAddress, certificates = [], ...status }: { readonly version: string; readonly ipAddress: string; readonly certificates?: readonly InstalledCertificate[] } & Partial<NodeStatus>): Promise<void> {
    return node(pool, number, { state: 'idle', bootedAt: 1, ...status, agent: { version, ipAddress, updatedAt: 1, certificates } });
  }

  function task(job: string, id: string, number: number, status: Partial<TaskStatus>): Promise<void> {
    const found = nodes.get(number);
    if (found === undefined) throw new Error(`no node ${number}`);
    return write.task(job, id, { node: found, ...status });
  }

  /** One on which `myTask` of the job that is called like its pool has run. */
  async function nodeAfterTask(jobId: string, number: number): Promise<void> {
    const { rows } = await it.pool.query<{ readonly job: string; readonly task: string }>('select job, task from task join job using (job) where job.id = $1', [jobId]);
    const [found] = rows;
    if (found === undefined) throw new Error(`job ${jobId} has no task`);
    const recentTasks = [{ job: Number(found.job), task: Number(found.task) }];
    await idleNode(jobId, number, { version: '1.9.29', ipAddress: '10.0.0.4', totalTasksRun: 1, totalTasksSucceeded: 1, recentTasks });
    await task(jobId, 'myTask', number, SUCCEEDED);
  }

  /** What is in it was not recorded. */
  async function certificate(): Promise<void> {
    await it.pool.query("insert into certificate (account, thumbprint, thumbprint_key, format, data, public_data, state, state_since) values (1, $1, $1, 'cer', '', $2, 'active', 1)", [THUMBPRINT, MASKED]);
  }

  async function application(id: string, version: string): Promise<void> {
    const { rows } = await it.pool.query<{ readonly application: string }>("insert into application (account, id, id_key, allow_updates, container, created, modified) values (1, $1, lower($1), true, 'app', 1, 1) returning application", [id]);
    await it.pool.query('insert into application_package (application, version, version_key, created, modified, activated_at, activation) values ($1, $2, lower($2), 1, 1, 1, 1)', [rows[0]?.application, version]);
  }

  async function gone(table: 'pool' | 'job', ...ids: readonly string[]): Promise<void> {
    for (const id of ids) await it.pool.query(`delete from ${table} where id_key = lower($1)`, [id]);
  }

  async function added(url: string, body: unknown): Promise<void> {
    expect(await it.ask({ method: 'POST', url, body })).toMatchObject({ status: 201 });
  }

  return {
    'DP 3': certificate,
    'DP 10': () => write.pool('nodesdktestpool1', { currentDedicated: 3 }),
    'DP 18': () => idleNode('nodesdkinboundendpointpool', 1, { version: '1.7.14', ipAddress: '10.0.0.4' }),
    'DP 19': async () => {
      await gone('pool', 'nodesdktestpool_licenses', 'nodesdkdatadiskpool', 'nodesdkvnetpool', 'nodesdkimagepool');
      for (const number of [2, 3, 4]) await idleNode('nodesdktestpool1', number, { version: '1.7.14', ipAddress: `10.0.0.${number + 3}`, startTask: STARTED });
    },
    // The pool has three nodes, and its formula asks for two.
    'DP 32': () => write.pool('nodesdktestpool1', { allocationState: 'resizing', currentDedicated: 3, targetDedicated: 2, autoScale: TWO_NODES }),
    'DP 36': async () => {
      await write.pool('nodesdkinboundendpointpool', { currentDedicated: 1 });
      await write.pool('nodesdktestpool2', {});
    },
    // Half an hour of one core.
    'DP 45': () => it.pool.query("insert into usage_hour (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms) values (1, 434739, 1, 'nodesdkinboundendpointpool', 'standard_a1', false, 1800000, 0, 0)"),
    'DP 59': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', COMPLETED),
    'DP 61': () => write.task(JOB, 'HelloWorldNodeSDKTestTask', { state: 'active', previousState: 'completed', previousSince: 1, reactivateSequence: 1 }),
    'DP 67': () => task(JOB, 'TaskWithUserIdentity', 4, { ...COMPLETED, exitCode: 2, result: 'failure', failure: FAILURE_EXIT_CODE, retryCount: 3, lastRetryAt: 1 }),
    'DP 68': () => write.job(JOB, { tasks: { ...NO_TASKS, succeeded: 3, failed: 1 } }),
    'DP 69': () => task(JOB, 'HelloWorldNodeSDKTestTask2', 2, SUCCEEDED),
    'DP 73': () => application('my_application_id', '1.0'),
    'DP 80': () => gone('job', 'ContainerJobNodeSDKTest', 'JobWithAutoComplete'),
    'DP 87': async () => {
      await write.pool('nodesdktestpool1', { currentDedicated: 3 });
      // The request names its nodes so: the recording had them masked.
      for (const id of ['tvmps_01', 'tvmps_02', 'tvmps_03']) await write.node('nodesdktestpool1', { id });
    },
    'DP 93': async () => {
      await it.clear();
      await certificate();
      const startTask = { commandLine: 'cmd /c echo hello > hello.txt' };
      await added('/pools?api-version=2020-03-01.11.0', { id: 'nodesdktestpool1', vmSize: 'small', cloudServiceConfiguration: { osFamily: '4' }, targetDedicatedNodes: 3, startTask, certificateReferences: [{ thumbprint: THUMBPRINT, thumbprintAlgorithm: 'sha1' }] });
      for (const number of [5, 6, 7]) await idleNode('nodesdktestpool1', number, { version: '1.7.14', ipAddress: `10.0.0.${12 - number}`, startTask: STARTED, certificates: [{ thumbprint: THUMBPRINT, visibility: ['starttask', 'task', 'remoteuser'] }] });
    },
    'CX 4': () => write.pool(LINUX, { currentDedicated: 1 }),
    'CX 5': () => node(LINUX, 1, { state: 'creating' }),
    'CX 6': () => node(LINUX, 1, { state: 'starting' }),
    'CX 7': () => idleNode(LINUX, 1, { version: '1.9.29', ipAddress: '10.0.0.4' }),
    'CX 12': () => task(LINUX, 'myTask', 1, SUCCEEDED),
    'CX 17': () => write.pool(WINDOWS, { currentDedicated: 1 }),
    'CX 18': () => node(WINDOWS, 2, { state: 'creating' }),
    'CX 19': () => node(WINDOWS, 2, { state: 'starting' }),
    'CX 20': () => idleNode(WINDOWS, 2, { version: '1.9.29', ipAddress: '10.0.0.4' }),
    'CX 24': () => task(WINDOWS, 'myTask', 2, RUNNING),
    'CX 25': () => task(WINDOWS, 'myTask', 2, SUCCEEDED),
    'CX 30': () => nodeAfterTask(LINUX, 1),
    'CX 35': () => task('ncj-ubuntu1604-1', 'myTask', 1, SUCCEEDED),
    'CX 40': () => nodeAfterTask(WINDOWS, 2),
    'CX 44': () => task('ncj-windows-2012-r2-1', 'myTask', 2, RUNNING),
    'CX 45': () => task('ncj-windows-2012-r2-1', 'myTask', 2, SUCCEEDED),
    'CX 50': () => write.pool('blobsource1', { currentDedicated: 1 }),
    'AZ 36': certificate,
    'AZ 71': () => gone('pool', 'xplatCreatedPool'),
    'AZ 93': () => gone('pool', 'xplatCreatedPool'),
    'AZ 97': () => write.pool('xplatCreatedPool', {}),
    'AZ 100': () => gone('pool', 'xplatJobForTaskTests'),
    'AZ 102': () => write.pool('xplatCreatedPool', STOPPED),
    'AZ 108': () => gone('pool', 'xplatCreatedPool'),
    'AZ 111': () => gone('pool', 'xplatCreatedPool'),
    'AZ 114': () => gone('pool', 'xplatCreatedPool'),
    'AZ 117': () => gone('pool', 'xplatCreatedPool'),
    'AZ 125': async () => {
      await it.pool.query(`delete from pool where id not like 'azure-cli-test-%'`);
      await write.pool('azure-cli-test-iaas', {});
      await write.pool('azure-cli-test-paas', {});
    },
    'EX 3': async () => {
      await added('/pools?api-version=2024-02-01.19.0', { id: 'JSSDKTest-Pool-Basic', vmSize: 'Standard_D1_v2', virtualMachineConfiguration: XENIAL, enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes=2' });
      await write.pool('JSSDKTest-Pool-Basic', { targetDedicated: 2, autoScale: TWO_NODES });
    },
    'EX 5': () => added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } }),
    'EX 7': async () => {
      await gone('job', 'JSSDKTest-Job-Basic');
      await added('/jobs', { id: 'JSSDKTest-Job-Basic', poolInfo: { poolId: 'p' } });
      await added('/jobs/JSSDKTest-Job-Basic/tasks', { id: 'task1', commandLine: 'true' });
    },
    'EX 10': () => write.task('JSSDKTest-Job-Basic', 'task1', COMPLETED),
    'EX 11': () => write.job('JSSDKTest-Job-Basic', { tasks: { ...NO_TASKS, succeeded: 2, failed: 3 }, slots: { ...NO_TASKS, succeeded: 2, failed: 3 } }),
    'EX 12': async () => {
      await gone('pool', 'JSSDKTest-Pool-Basic');
      await added('/pools?api-version=2024-02-01.19.0', { id: 'JSSDKTest-Pool-Basic', vmSize: 'Standard_D1_v2', cloudServiceConfiguration: { osFamily: '4' }, targetDedicatedNodes: 1 });
      await node('JSSDKTest-Pool-Basic', 1, { state: 'creating' });
    },
    'EX 13': () => added('/pools', { id: 'test_pool', displayName: 'test_pool', vmSize: 'standard_a1', virtualMachineConfiguration: XENIAL, targetDedicatedNodes: 0 }),
    'EX 14': () => node('test_pool', 2, { state: 'idle' }),
    'EX 18': async () => {
      for (const number of [3, 4]) await node('test_pool', number, { state: 'idle' });
    },
    'EX 23': () => write.pool('test_pool', { currentDedicated: 2 }),
    'EX 27': () => write.job('batch_job1', { autoPoolId: 'AAAAAAAA-0000-4000-8000-000000000028' }),
    'EX 32': async () => {
      await gone('pool', 'test_pool');
      await added('/pools', { id: 'test_pool', displayName: 'test_pool', vmSize: 'standard_a1', virtualMachineConfiguration: XENIAL, targetDedicatedNodes: 0, userAccounts: [{ name: 'task-user', password: 'unknown', elevationLevel: 'admin' }] });
      await write.pool('test_pool', {});
    },
    'EX 35': () => write.pool('test_pool', {}),
    'EX 38': () => write.pool('test_pool', { allocationState: 'stopping' }),
    'EX 39': () => write.pool('test_pool', STOPPED),
    'AZ 67': async () => {
      await write.scheduledJob('xplatJobScheduleJobTests', 1);
      const { rows } = await it.pool.query<{ readonly refusal: FailureInfo }>("select rules -> 'autoPool' -> 'refusal' as refusal from job where schedule is not null");
      const failed = { state: 'completed', previousState: 'active', previousSince: 1, endedAt: 1, autoPoolId: 'TestSpecPrefix_AAAAAAAA-0000-4000-8000-000000000026', schedulingError: rows[0]?.refusal ?? null } as const;
      await write.job('xplatJobScheduleJobTests:job-1', failed);
    },
    'EX 41': async () => {
      await write.schedule('batch_schedule', { runs: 1, due: it.now.value });
      await write.scheduledJob('batch_schedule', 1);
    },
  };
}
