import { knownIn, wireNameOf } from '../../src/wire/contract/tables.ts';
import { dataContract, type ShapeName } from '../../src/wire/dataContract.ts';
import { operations, type OperationId } from '../../src/wire/operations.ts';
import type { Revision } from '../../src/wire/versions.ts';
import type { FileAnswer, FileProperties, NodeAnswer, NodeFiles, NodeRequests } from '../../src/ports.ts';
import { CERTIFICATE } from '../support/certificates.ts';
import { SSH_KEYS } from '../support/sshKeys.ts';
import { statuses } from '../api/statuses.ts';
import type { Sent, TestApi } from '../api/support.ts';

type Json = Readonly<Record<string, unknown>>;

/** One call of an operation in the course of a session. */
export interface Step {
  readonly operation: OperationId;
  /** For `{names}` in its path; those left out are those of the session. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  /** In the names of the newest version; those of the version that is asked for are put in their place. */
  readonly body?: Json;
  /** The code of the error that is the whole of its answer here. */
  readonly refused?: string;
  /** What an owner would have done meanwhile. */
  readonly before?: () => Promise<unknown>;
}

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const FILE = { httpUrl: 'http://host/file', filePath: 'a/file', fileMode: '0770' };
const ENVIRONMENT = [{ name: 'A', value: 'b' }];
const METADATA = [{ name: 'a', value: 'b' }];
const AS_ADMIN = { autoUser: { scope: 'task', elevationLevel: 'admin' } };
const OUTPUT = { filePattern: '*.txt', destination: { container: { containerUrl: 'http://host/container?sig=x', path: 'p', uploadHeaders: [{ name: 'x-ms-a', value: 'b' }] } }, uploadOptions: { uploadCondition: 'taskcompletion' } };
const CONTAINER = { imageName: 'image', workingDirectory: 'containerImageDefault' };
const NETWORK = { endpointConfiguration: { inboundNATPools: [{ name: 'web', protocol: 'tcp', backendPort: 8080, frontendPortRangeStart: 15000, frontendPortRangeEnd: 15100, networkSecurityGroupRules: [{ priority: 150, access: 'allow', sourceAddressPrefix: '*', sourcePortRanges: ['*'] }] }] } };
const SUBNET = { subnetId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n/subnets/s', skipWithdrawFromVNet: false };
const FAILURE = { category: 'UserError', code: 'FailureExitCode', message: 'The task exited with an exit code representing a failure', details: [{ name: 'Message', value: 'x' }] } as const;
const START = { state: 'completed', startedAt: 1, endedAt: 2, exitCode: 3, failure: FAILURE, retryCount: 1, lastRetryAt: 1, result: 'failure' } as const;
const ENDED = { state: 'completed', previousState: 'running', previousSince: 4, attempt: 1, startedAt: 4, endedAt: 6, cause: 'exited' } as const;

/** Of a node with one file. */
const PROPERTIES: FileProperties = { name: 'stdout.txt', isDirectory: false, sizeBytes: 5, modifiedAt: 1_000, createdAt: 1_000, mode: '0o100644' };
const ANSWERS: Readonly<Record<'list' | 'properties' | 'delete' | 'uploadLogs', FileAnswer>> = {
  list: { kind: 'list', files: [PROPERTIES, { ...PROPERTIES, name: 'wd', isDirectory: true }], more: false },
  properties: { kind: 'properties', file: PROPERTIES },
  delete: { kind: 'deleted' },
  uploadLogs: { kind: 'uploaded', files: 2 },
};
export const FILES: NodeFiles = {
  ask: (_account, _node, { kind }) => Promise.resolve(ANSWERS[kind]),
  read: () =>
    Promise.resolve({
      kind: 'file',
      file: PROPERTIES,
      body: (async function* () {
        yield await Promise.resolve(Buffer.from('hello'));
      })(),
    }),
};

/** Of nodes that have the users that were added to them. */
export function nodeRequests(): NodeRequests {
  const users = new Set<string>();
  const answerOf = (who: string, isThere: boolean): NodeAnswer => {
    if (users.has(who) !== isThere) return isThere ? { kind: 'error', code: 'UserNotFound', message: 'none' } : { kind: 'error', code: 'UserExists', message: 'one' };
    return { kind: 'done' };
  };
  return {
    ask: (_account, node, ask) => {
      if (ask.kind === 'usage') return Promise.resolve({ kind: 'usage', measures: [], running: [] });
      if (ask.kind === 'remoteLogin') return Promise.resolve({ kind: 'remoteLogin', address: '127.0.0.2', port: 50_000, hostKey: 'ssh-ed25519 AAAA' });
      const who = `${node} ${ask.name}`;
      const answer = answerOf(who, ask.kind !== 'addUser');
      if (ask.kind === 'addUser') users.add(who);
      if (ask.kind === 'deleteUser') users.delete(who);
      return Promise.resolve(answer);
    },
  };
}

/** Everything that a client can do, once at least, with resources of which as much as possible is said. */
export function sessionOf(it: TestApi): readonly Step[] {
  const { pool, node, job, task, schedule, scheduledJob } = statuses(it.pool);
  const nodes = async (): Promise<void> => {
    const error = { code: 'AllocationFailed', message: 'none left', values: [{ name: 'Reason', value: 'x' }] };
    await pool('p', { currentDedicated: 1, currentLowPriority: 1, resizeErrors: [error] });
    const number = await node('p', { id: 'tvmps_1_d', state: 'running', bootedAt: 5, slots: 2, runningTasks: 1, runningSlots: 2, totalTasksRun: 3, totalTasksSucceeded: 2, startTask: START, errors: [error], agent: { version: '1.2.3', ipAddress: '10.0.0.1', updatedAt: 6 } });
    await node('p', { id: 'tvmps_2_p', dedicated: false, state: 'starttaskfailed' });
    await task('j', 'failed', { ...ENDED, node: number, exitCode: 3, result: 'failure', failure: FAILURE, retryCount: 1, lastRetryAt: 5, requeueCount: 1, lastRequeueAt: 4 });
    await task('j', 'done', { ...ENDED, node: number, exitCode: 0, result: 'success' });
    const run = JSON.stringify({ ...START, attempt: 1, isOutdated: false });
    await it.pool.query("insert into job_node_status (job, node, preparation, release) select job, $1, $2, $2 from job where id = 'j'", [number, run]);
  };
  /** In early versions only nodes of cloud services are reimaged. */
  const cloudNode = async (): Promise<void> => {
    await it.pool.query(`update pool set spec = spec::jsonb || '{"cloudServiceConfiguration": {"osFamily": "5"}}' where id = 'p'`);
    await node('p', { id: 'tvmps_4_d' });
  };
  const keptCertificate = (): Promise<unknown> =>
    it.pool.query("update certificate set state = 'deletefailed', state_since = 9, previous_state = 'deleting', previous_since = 8, used_by = '[{\"name\": \"Pool\", \"value\": \"p\"}]'");
  const usage = (): Promise<unknown> =>
    it.pool.query("insert into usage_hour (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms) values (1, 490000, 1, 'p', 'standard_a1', false, 7, 0, 0) on conflict do nothing");
  const application = (): Promise<unknown> => it.pool.query(
    `with one as (insert into application (account, id, id_key, display_name, allow_updates, container, created, modified) select account, 'App', 'app', 'Shown', true, 'c', 1, 1 from account limit 1 returning application)
     insert into application_package (application, version, version_key, created, modified, activated_at, activation) select application, '1.0', '1.0', 1, 1, 2, 1 from one`,
  );
  return [
    { operation: 'Account_ListSupportedImages' },
    { operation: 'Account_ListNodeAgentSkus' },
    { operation: 'Application_List', before: application },
    { operation: 'Application_Get' },
    {
      operation: 'Pool_Add',
      body: {
        id: 'p', displayName: 'Pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, targetLowPriorityNodes: 1, resizeTimeout: 'PT6M', taskSlotsPerNode: 2, metadata: METADATA,
        taskSchedulingPolicy: { nodeFillType: 'pack' }, startTask: { commandLine: 'true', resourceFiles: [FILE], environmentSettings: ENVIRONMENT, userIdentity: AS_ADMIN, maxTaskRetryCount: 2, waitForSuccess: true },
        mountConfiguration: [{ nfsMountConfiguration: { source: 'host:/a', relativeMountPath: 'a' } }], networkConfiguration: NETWORK,
      },
    },
    { operation: 'Pool_Exists' },
    { operation: 'Pool_Get', before: () => pool('p', { allocationState: 'resizing' }) },
    { operation: 'Pool_Patch', body: { metadata: METADATA, startTask: { commandLine: 'true' } } },
    { operation: 'Pool_UpdateProperties', body: { metadata: METADATA, certificateReferences: [], applicationPackageReferences: [] } },
    { operation: 'Pool_StopResize' },
    { operation: 'Pool_Resize', before: () => pool('p', {}), body: { targetDedicatedNodes: 2, resizeTimeout: 'PT5M', nodeDeallocationOption: 'taskcompletion' } },
    {
      operation: 'Job_Add',
      body: {
        id: 'j', displayName: 'Job', priority: 3, maxParallelTasks: 4, allowTaskPreemption: true, poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onAllTasksComplete: 'noaction', onTaskFailure: 'performexitoptionsjobaction', metadata: METADATA,
        commonEnvironmentSettings: ENVIRONMENT, constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: 2 },
        networkConfiguration: SUBNET,
        jobPreparationTask: { id: 'prepare', commandLine: 'true', containerSettings: CONTAINER, resourceFiles: [FILE], environmentSettings: ENVIRONMENT, constraints: { maxTaskRetryCount: 1 }, waitForSuccess: true, userIdentity: AS_ADMIN, rerunOnNodeRebootAfterSuccess: true },
        jobReleaseTask: { id: 'release', commandLine: 'true', environmentSettings: ENVIRONMENT, maxWallClockTime: 'PT5M', retentionTime: 'PT1H', userIdentity: AS_ADMIN },
        jobManagerTask: { id: 'manager', displayName: 'Manager', commandLine: 'true', outputFiles: [OUTPUT], constraints: { maxTaskRetryCount: 1 }, requiredSlots: 1, killJobOnCompletion: false, runExclusive: false, allowLowPriorityNode: false, authenticationTokenSettings: { access: ['job'] } },
      },
    },
    {
      operation: 'Task_Add',
      body: {
        id: 'failed', displayName: 'Task', commandLine: 'true', containerSettings: CONTAINER, resourceFiles: [FILE], outputFiles: [OUTPUT], environmentSettings: ENVIRONMENT, affinityInfo: { affinityId: 'TVM:tvmps_1_d' }, requiredSlots: 1, userIdentity: AS_ADMIN,
        constraints: { maxWallClockTime: 'PT1H', retentionTime: 'PT2H', maxTaskRetryCount: 1 }, dependsOn: { taskIds: ['done'], taskIdRanges: [{ start: 1, end: 2 }] }, authenticationTokenSettings: { access: ['job'] },
        exitConditions: { exitCodes: [{ code: 1, exitOptions: { jobAction: 'none', dependencyAction: 'block' } }], exitCodeRanges: [{ start: 2, end: 3, exitOptions: { jobAction: 'terminate' } }], default: { dependencyAction: 'satisfy' } },
      },
    },
    { operation: 'Task_AddCollection', body: { value: [{ id: 'done', commandLine: 'true' }, { id: 'gone', commandLine: 'true' }, { id: 'failed', commandLine: 'true' }] } },
    { operation: 'Task_Get', params: { taskId: 'failed' }, before: nodes },
    { operation: 'Task_Get', params: { taskId: 'done' }, query: '&$expand=stats' },
    { operation: 'Task_List' },
    { operation: 'Task_List', query: '&$expand=stats' },
    { operation: 'Task_Update', params: { taskId: 'gone' }, body: { constraints: { maxTaskRetryCount: 3 } } },
    { operation: 'Task_Terminate', params: { taskId: 'gone' } },
    { operation: 'Task_Reactivate', params: { taskId: 'failed' } },
    { operation: 'Task_Delete', params: { taskId: 'gone' } },
    { operation: 'Task_ListSubtasks', params: { taskId: 'done' } },
    { operation: 'File_ListFromTask', params: { taskId: 'done' } },
    { operation: 'File_GetFromTask', params: { taskId: 'done' } },
    { operation: 'File_GetPropertiesFromTask', params: { taskId: 'done' } },
    { operation: 'File_DeleteFromTask', params: { taskId: 'done' } },
    { operation: 'ComputeNode_List' },
    { operation: 'ComputeNode_Get' },
    { operation: 'ComputeNode_AddUser', body: { name: 'someone', isAdmin: true, expiryTime: '2046-01-01T00:00:00Z', password: 'secret', sshPublicKey: SSH_KEYS.ed25519.public } },
    { operation: 'ComputeNode_UpdateUser', body: { expiryTime: '2047-01-01T00:00:00Z', password: 'other', sshPublicKey: SSH_KEYS.ecdsa.public } },
    { operation: 'ComputeNode_GetRemoteLoginSettings' },
    { operation: 'ComputeNode_DeleteUser' },
    { operation: 'ComputeNode_DisableScheduling', body: { nodeDisableSchedulingOption: 'taskcompletion' } },
    { operation: 'ComputeNode_EnableScheduling' },
    { operation: 'ComputeNode_Reboot', before: () => node('p', { id: 'tvmps_3_d' }), params: { nodeId: 'tvmps_3_d' }, body: { nodeRebootOption: 'terminate' } },
    { operation: 'ComputeNode_Deallocate', before: () => node('p', { id: 'tvmps_5_d' }), params: { nodeId: 'tvmps_5_d' }, body: { nodeDeallocateOption: 'taskcompletion' } },
    { operation: 'ComputeNode_Start', before: () => node('p', { id: 'tvmps_6_d', state: 'deallocated' }), params: { nodeId: 'tvmps_6_d' } },
    { operation: 'ComputeNode_UploadBatchServiceLogs', body: { containerUrl: 'http://host/container?sig=x', startTime: '2026-01-01T00:00:00Z', endTime: '2026-01-02T00:00:00Z' } },
    { operation: 'ComputeNodeExtension_List' },
    { operation: 'ComputeNodeExtension_Get', refused: 'ResourceNotFound' },
    { operation: 'File_ListFromComputeNode' },
    { operation: 'File_GetFromComputeNode' },
    { operation: 'File_GetPropertiesFromComputeNode' },
    { operation: 'File_DeleteFromComputeNode' },
    { operation: 'Account_ListPoolNodeCounts' },
    { operation: 'Pool_EnableAutoScale', before: () => pool('p', {}), body: { autoScaleFormula: '$TargetDedicatedNodes = 1;', autoScaleEvaluationInterval: 'PT6M' } },
    { operation: 'Pool_EvaluateAutoScale', body: { autoScaleFormula: '$TargetDedicatedNodes = $PendingTasks.GetSample(1);' } },
    { operation: 'Pool_Get', before: () => pool('p', { autoScale: { sequence: 1, evaluatedAt: 7, results: '$TargetDedicatedNodes=1', error: { code: 'X', message: 'y', values: [{ name: 'Message', value: 'z' }] }, option: 'requeue' } }) },
    { operation: 'Pool_DisableAutoScale' },
    { operation: 'Pool_RemoveNodes', before: () => pool('p', { currentDedicated: 1 }), body: { nodeList: ['tvmps_1_d'], resizeTimeout: 'PT5M', nodeDeallocationOption: 'retaineddata' } },
    { operation: 'Pool_List', query: '&$expand=stats' },
    { operation: 'Pool_Get', query: '&$expand=stats' },
    { operation: 'Pool_ListUsageMetrics', before: usage },
    { operation: 'Job_Get', before: () => job('j', { tasks: { active: 1, running: 1, succeeded: 1, failed: 0 } }) },
    { operation: 'Job_List', query: '&$expand=stats' },
    { operation: 'Job_Get', query: '&$expand=stats' },
    { operation: 'Job_GetTaskCounts' },
    { operation: 'Job_ListPreparationAndReleaseTaskStatus' },
    { operation: 'Job_Patch', body: { priority: 5, metadata: METADATA, constraints: { maxTaskRetryCount: 1 } } },
    { operation: 'Job_Update', body: { poolInfo: { poolId: 'p' }, priority: 6 } },
    { operation: 'Job_Disable', body: { disableTasks: 'requeue' } },
    { operation: 'Job_Enable', before: () => job('j', { state: 'disabled', previousState: 'disabling', previousSince: 3 }) },
    { operation: 'Job_Terminate', before: () => job('j', {}), body: { terminateReason: 'enough' } },
    { operation: 'Job_Get', before: () => job('j', { state: 'completed', previousState: 'terminating', previousSince: 3, endedAt: 9, terminateReason: 'enough' }) },
    { operation: 'Job_Delete' },
    {
      operation: 'JobSchedule_Add',
      body: {
        id: 's', displayName: 'Schedule', metadata: METADATA, schedule: { doNotRunUntil: '2026-01-01T00:00:00Z', doNotRunAfter: '2046-01-01T00:00:00Z', startWindow: 'PT5M', recurrenceInterval: 'PT1H' },
        jobSpecification: {
          displayName: 'Job', priority: 3, maxParallelTasks: 4, allowTaskPreemption: true, poolInfo: { poolId: 'p' }, usesTaskDependencies: true, onAllTasksComplete: 'noaction', onTaskFailure: 'performexitoptionsjobaction', metadata: METADATA,
          commonEnvironmentSettings: ENVIRONMENT, constraints: { maxWallClockTime: 'PT1H', maxTaskRetryCount: 2 }, jobManagerTask: { id: 'manager', commandLine: 'true' }, jobPreparationTask: { commandLine: 'true' }, jobReleaseTask: { commandLine: 'true' },
        },
      },
    },
    { operation: 'JobSchedule_Exists' },
    { operation: 'JobSchedule_Get', before: () => schedule('s', { runs: 1, due: 7 }) },
    { operation: 'JobSchedule_List', query: '&$expand=stats' },
    { operation: 'JobSchedule_Get', query: '&$expand=stats' },
    { operation: 'Job_ListFromJobSchedule', before: () => scheduledJob('s', 1) },
    { operation: 'Job_Get', params: { jobId: 's%3Ajob-1' } },
    { operation: 'JobSchedule_Patch', body: { schedule: { recurrenceInterval: 'PT2H' }, metadata: METADATA } },
    { operation: 'JobSchedule_Update', body: { schedule: { recurrenceInterval: 'PT3H' }, jobSpecification: { poolInfo: { poolId: 'p' } } } },
    { operation: 'JobSchedule_Disable' },
    { operation: 'JobSchedule_Enable', before: () => schedule('s', { state: 'disabled', previousState: 'active', previousSince: 3 }) },
    { operation: 'JobSchedule_Terminate' },
    { operation: 'JobSchedule_Get', before: () => schedule('s', { state: 'completed', runs: 1, endedAt: 9, previousState: 'terminating', previousSince: 4 }) },
    { operation: 'JobSchedule_Delete' },
    { operation: 'Certificate_Add', body: { thumbprint: CERTIFICATE.thumbprint, thumbprintAlgorithm: 'sha1', data: CERTIFICATE.pfx, certificateFormat: 'pfx', password: 'secret' } },
    { operation: 'Certificate_List' },
    { operation: 'Certificate_Get' },
    { operation: 'Certificate_Delete' },
    { operation: 'Certificate_Get', before: keptCertificate },
    { operation: 'Certificate_CancelDeletion' },
    { operation: 'Pool_GetAllLifetimeStatistics' },
    { operation: 'Job_GetAllLifetimeStatistics' },
    { operation: 'ComputeNode_Reimage', before: cloudNode, params: { nodeId: 'tvmps_4_d' }, body: { nodeReimageOption: 'retaineddata' } },
    { operation: 'ComputeNode_GetRemoteDesktop', refused: 'OperationNotValidOnNode' },
    { operation: 'Pool_Add', body: { id: 'cloud', vmSize: 'small', cloudServiceConfiguration: { osFamily: '5' } } },
    { operation: 'Pool_UpgradeOS', params: { poolId: 'cloud' }, body: { targetOSVersion: 'WA-GUEST-OS-5.12_201708-01' } },
    { operation: 'Pool_Delete' },
  ];
}

const SESSION: Readonly<Record<string, string>> = { poolId: 'p', nodeId: 'tvmps_1_d', jobId: 'j', jobScheduleId: 's', filePath: 'stdout.txt', userName: 'someone', applicationId: 'app', extensionName: 'extension', thumbprintAlgorithm: 'sha1', thumbprint: CERTIFICATE.thumbprint };

/** The request of a step, as a client of a version sends it. */
export function requestOf({ operation, params = {}, query = '', body }: Step, version: string, revision: Revision): Sent {
  const row = operations.find(({ id }) => id === operation);
  if (row === undefined) throw new Error(`there is no operation ${operation}`);
  const path = row.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name] ?? SESSION[name];
    if (value === undefined) throw new Error(`${operation} needs a ${name}`);
    return value;
  });
  return { method: row.method, url: `${path}?api-version=${version}${query}`, ...(body === undefined || row.body === undefined ? {} : { body: spelled(row.body, body, revision) }) };
}

/** A body in the names of a revision, without what that does not know. */
function spelled(shape: ShapeName, body: Json, revision: Revision): Json {
  const named = dataContract.rowsOf(shape).flatMap(([name, row]) => {
    const value = body[name];
    if (value === undefined || !knownIn(row, revision)) return [];
    const { type } = row;
    const one = (item: unknown): unknown => (dataContract.isShape(type) ? spelled(type, item as Json, revision) : item);
    return [[wireNameOf(name, row, revision), Array.isArray(value) ? value.map(one) : one(value)] as const];
  });
  return Object.fromEntries(named);
}
