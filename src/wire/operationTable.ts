import type { Shapes } from './types.generated.ts';
import type { Revision } from './versions.ts';

/** Which conditional headers an operation takes: all four, only the two with dates, or none. */
export type ConditionalHeaders = 'all4' | 'time' | 'none';

/** Query parameters besides `api-version` and `timeout`, which every operation takes. */
export type QueryName = 'maxresults' | '$filter' | '$select' | '$expand' | 'recursive' | 'force' | 'starttime' | 'endtime';

/**
 * The right that a caller needs: the last word of Azure's data actions,
 * `Microsoft.Batch/batchAccounts/<resource>/<right>`. Those are documented for jobs, schedules and pools. That what is
 * within them follows the verb is inferred. Evaluating a formula changes nothing: it is a read.
 */
export type Right = 'read' | 'write' | 'delete';

/** One operation of the data plane. */
export interface OperationRow {
  readonly id: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` is a parameter; `{filePath}` takes the rest of the path. */
  readonly path: string;
  readonly right: Right;
  readonly body?: keyof Shapes;
  /** The body may be left out. */
  readonly optionalBody?: true;
  readonly query?: readonly QueryName[];
  readonly conditional: ConditionalHeaders;
  /** Status of success; others are errors to every SDK. */
  readonly status: 200 | 201 | 202 | 204;
  /**
   * The answer carries DataServiceId (operations.md declares it for Task_Get and Task_Reactivate too; the recorded
   * answers have none, and neither have ours).
   */
  readonly dataServiceId?: true;
  readonly response?: keyof Shapes;
  /**
   * First and last revision whose clients know it; older and newer ones are served it as well (operations.md 1.1
   * advises the union: a client never calls what it does not know).
   */
  readonly since?: Revision;
  readonly until?: Revision;
}

/** Every operation of the data plane (operations.md 1.1; ids are those of the classic specification). */
export const OPERATION_ROWS = [
  { id: 'Application_List', method: 'GET', path: '/applications', right: 'read', query: ['maxresults'], conditional: 'none', status: 200, response: 'ApplicationList' },
  { id: 'Application_Get', method: 'GET', path: '/applications/{applicationId}', right: 'read', conditional: 'none', status: 200, response: 'Application' },
  { id: 'Account_ListSupportedImages', method: 'GET', path: '/supportedimages', right: 'read', query: ['maxresults', '$filter'], conditional: 'none', status: 200, response: 'SupportedImageList', since: 9 },
  { id: 'Account_ListPoolNodeCounts', method: 'GET', path: '/nodecounts', right: 'read', query: ['maxresults', '$filter'], conditional: 'none', status: 200, response: 'PoolNodeCountsList', since: 6.1 },
  { id: 'Pool_ListUsageMetrics', method: 'GET', path: '/poolusagemetrics', right: 'read', query: ['maxresults', 'starttime', 'endtime', '$filter'], conditional: 'none', status: 200, response: 'PoolUsageMetricsList' },
  { id: 'Pool_GetAllLifetimeStatistics', method: 'GET', path: '/lifetimepoolstats', right: 'read', conditional: 'none', status: 200, response: 'PoolStatistics', until: 16 },
  { id: 'Job_GetAllLifetimeStatistics', method: 'GET', path: '/lifetimejobstats', right: 'read', conditional: 'none', status: 200, response: 'JobStatistics', until: 16 },
  { id: 'Pool_List', method: 'GET', path: '/pools', right: 'read', query: ['maxresults', '$filter', '$select', '$expand'], conditional: 'none', status: 200, response: 'PoolList' },
  { id: 'Pool_Add', method: 'POST', path: '/pools', right: 'write', body: 'PoolAdd', conditional: 'none', status: 201, dataServiceId: true },
  { id: 'Pool_Delete', method: 'DELETE', path: '/pools/{poolId}', right: 'delete', conditional: 'all4', status: 202 },
  { id: 'Pool_Get', method: 'GET', path: '/pools/{poolId}', right: 'read', query: ['$select', '$expand'], conditional: 'all4', status: 200, response: 'Pool' },
  { id: 'Pool_Exists', method: 'HEAD', path: '/pools/{poolId}', right: 'read', conditional: 'all4', status: 200 },
  { id: 'Pool_Patch', method: 'PATCH', path: '/pools/{poolId}', right: 'write', body: 'PoolPatch', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'Pool_DisableAutoScale', method: 'POST', path: '/pools/{poolId}/disableautoscale', right: 'write', conditional: 'none', status: 200, dataServiceId: true },
  { id: 'Pool_EnableAutoScale', method: 'POST', path: '/pools/{poolId}/enableautoscale', right: 'write', body: 'PoolEnableAutoScale', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'Pool_EvaluateAutoScale', method: 'POST', path: '/pools/{poolId}/evaluateautoscale', right: 'read', body: 'PoolEvaluateAutoScale', conditional: 'none', status: 200, dataServiceId: true, response: 'AutoScaleRun' },
  { id: 'ComputeNode_List', method: 'GET', path: '/pools/{poolId}/nodes', right: 'read', query: ['maxresults', '$filter', '$select'], conditional: 'none', status: 200, response: 'NodeList' },
  { id: 'Pool_RemoveNodes', method: 'POST', path: '/pools/{poolId}/removenodes', right: 'write', body: 'NodeRemove', conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Pool_Resize', method: 'POST', path: '/pools/{poolId}/resize', right: 'write', body: 'PoolResize', conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Pool_StopResize', method: 'POST', path: '/pools/{poolId}/stopresize', right: 'write', conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Pool_UpdateProperties', method: 'POST', path: '/pools/{poolId}/updateproperties', right: 'write', body: 'PoolReplace', conditional: 'none', status: 204, dataServiceId: true },
  { id: 'ComputeNode_Get', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}', right: 'read', query: ['$select'], conditional: 'none', status: 200, response: 'Node' },
  { id: 'ComputeNode_Deallocate', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/deallocate', right: 'write', body: 'NodeDeallocate', optionalBody: true, conditional: 'none', status: 202, dataServiceId: true, since: 20 },
  { id: 'ComputeNode_DisableScheduling', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/disablescheduling', right: 'write', body: 'NodeDisableScheduling', optionalBody: true, conditional: 'none', status: 200, dataServiceId: true },
  { id: 'ComputeNode_EnableScheduling', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/enablescheduling', right: 'write', conditional: 'none', status: 200, dataServiceId: true },
  { id: 'ComputeNodeExtension_List', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/extensions', right: 'read', query: ['maxresults', '$select'], conditional: 'none', status: 200, response: 'NodeExtensionList', since: 14 },
  { id: 'File_ListFromComputeNode', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/files', right: 'read', query: ['maxresults', '$filter', 'recursive'], conditional: 'none', status: 200, response: 'NodeFileList' },
  { id: 'ComputeNode_GetRemoteDesktop', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/rdp', right: 'read', conditional: 'none', status: 200, until: 19 },
  { id: 'ComputeNode_Reboot', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/reboot', right: 'write', body: 'NodeReboot', optionalBody: true, conditional: 'none', status: 202, dataServiceId: true },
  { id: 'ComputeNode_Reimage', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/reimage', right: 'write', body: 'NodeReimage', optionalBody: true, conditional: 'none', status: 202, dataServiceId: true },
  { id: 'ComputeNode_GetRemoteLoginSettings', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/remoteloginsettings', right: 'read', conditional: 'none', status: 200, response: 'NodeRemoteLoginSettings' },
  { id: 'ComputeNode_Start', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/start', right: 'write', conditional: 'none', status: 202, dataServiceId: true, since: 20 },
  { id: 'ComputeNode_UploadBatchServiceLogs', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/uploadbatchservicelogs', right: 'write', body: 'UploadBatchServiceLogs', conditional: 'none', status: 200, response: 'UploadBatchServiceLogsResult', since: 6.1 },
  { id: 'ComputeNode_AddUser', method: 'POST', path: '/pools/{poolId}/nodes/{nodeId}/users', right: 'write', body: 'NodeUserAdd', conditional: 'none', status: 201, dataServiceId: true },
  { id: 'ComputeNodeExtension_Get', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/extensions/{extensionName}', right: 'read', query: ['$select'], conditional: 'none', status: 200, response: 'NodeExtension', since: 14 },
  { id: 'File_DeleteFromComputeNode', method: 'DELETE', path: '/pools/{poolId}/nodes/{nodeId}/files/{filePath}', right: 'delete', query: ['recursive'], conditional: 'none', status: 200 },
  { id: 'File_GetFromComputeNode', method: 'GET', path: '/pools/{poolId}/nodes/{nodeId}/files/{filePath}', right: 'read', conditional: 'time', status: 200 },
  { id: 'File_GetPropertiesFromComputeNode', method: 'HEAD', path: '/pools/{poolId}/nodes/{nodeId}/files/{filePath}', right: 'read', conditional: 'time', status: 200 },
  { id: 'ComputeNode_DeleteUser', method: 'DELETE', path: '/pools/{poolId}/nodes/{nodeId}/users/{userName}', right: 'delete', conditional: 'none', status: 200 },
  { id: 'ComputeNode_UpdateUser', method: 'PUT', path: '/pools/{poolId}/nodes/{nodeId}/users/{userName}', right: 'write', body: 'NodeUserPut', conditional: 'none', status: 200, dataServiceId: true },
  { id: 'Job_List', method: 'GET', path: '/jobs', right: 'read', query: ['maxresults', '$filter', '$select', '$expand'], conditional: 'none', status: 200, response: 'JobList' },
  { id: 'Job_Add', method: 'POST', path: '/jobs', right: 'write', body: 'JobAdd', conditional: 'none', status: 201, dataServiceId: true },
  { id: 'Job_Delete', method: 'DELETE', path: '/jobs/{jobId}', right: 'delete', query: ['force'], conditional: 'all4', status: 202 },
  { id: 'Job_Get', method: 'GET', path: '/jobs/{jobId}', right: 'read', query: ['$select', '$expand'], conditional: 'all4', status: 200, response: 'Job' },
  { id: 'Job_Patch', method: 'PATCH', path: '/jobs/{jobId}', right: 'write', body: 'JobPatch', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'Job_Update', method: 'PUT', path: '/jobs/{jobId}', right: 'write', body: 'JobPut', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'Task_AddCollection', method: 'POST', path: '/jobs/{jobId}/addtaskcollection', right: 'write', body: 'TaskAddCollection', conditional: 'none', status: 200, response: 'TaskAddCollectionResult' },
  { id: 'Job_Disable', method: 'POST', path: '/jobs/{jobId}/disable', right: 'write', body: 'JobDisable', conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Job_Enable', method: 'POST', path: '/jobs/{jobId}/enable', right: 'write', conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Job_ListPreparationAndReleaseTaskStatus', method: 'GET', path: '/jobs/{jobId}/jobpreparationandreleasetaskstatus', right: 'read', query: ['maxresults', '$filter', '$select'], conditional: 'none', status: 200, response: 'JobPreparationAndReleaseTaskStatusList' },
  { id: 'Job_GetTaskCounts', method: 'GET', path: '/jobs/{jobId}/taskcounts', right: 'read', conditional: 'none', status: 200, response: 'TaskCountsResult', since: 5.1 },
  { id: 'Task_List', method: 'GET', path: '/jobs/{jobId}/tasks', right: 'read', query: ['maxresults', '$filter', '$select', '$expand'], conditional: 'none', status: 200, response: 'TaskList' },
  { id: 'Task_Add', method: 'POST', path: '/jobs/{jobId}/tasks', right: 'write', body: 'TaskAdd', conditional: 'none', status: 201, dataServiceId: true },
  { id: 'Job_Terminate', method: 'POST', path: '/jobs/{jobId}/terminate', right: 'write', body: 'JobTerminate', optionalBody: true, query: ['force'], conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Task_Delete', method: 'DELETE', path: '/jobs/{jobId}/tasks/{taskId}', right: 'delete', conditional: 'all4', status: 200 },
  // Declared with DataServiceId, recorded without.
  { id: 'Task_Get', method: 'GET', path: '/jobs/{jobId}/tasks/{taskId}', right: 'read', query: ['$select', '$expand'], conditional: 'all4', status: 200, response: 'Task' },
  { id: 'Task_Update', method: 'PUT', path: '/jobs/{jobId}/tasks/{taskId}', right: 'write', body: 'TaskPut', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'File_ListFromTask', method: 'GET', path: '/jobs/{jobId}/tasks/{taskId}/files', right: 'read', query: ['maxresults', '$filter', 'recursive'], conditional: 'none', status: 200, response: 'NodeFileList' },
  { id: 'Task_Reactivate', method: 'POST', path: '/jobs/{jobId}/tasks/{taskId}/reactivate', right: 'write', conditional: 'all4', status: 204 },
  { id: 'Task_ListSubtasks', method: 'GET', path: '/jobs/{jobId}/tasks/{taskId}/subtasksinfo', right: 'read', query: ['$select'], conditional: 'none', status: 200, response: 'SubtaskList' },
  { id: 'Task_Terminate', method: 'POST', path: '/jobs/{jobId}/tasks/{taskId}/terminate', right: 'write', conditional: 'all4', status: 204, dataServiceId: true },
  { id: 'File_DeleteFromTask', method: 'DELETE', path: '/jobs/{jobId}/tasks/{taskId}/files/{filePath}', right: 'delete', query: ['recursive'], conditional: 'none', status: 200 },
  { id: 'File_GetFromTask', method: 'GET', path: '/jobs/{jobId}/tasks/{taskId}/files/{filePath}', right: 'read', conditional: 'time', status: 200 },
  { id: 'File_GetPropertiesFromTask', method: 'HEAD', path: '/jobs/{jobId}/tasks/{taskId}/files/{filePath}', right: 'read', conditional: 'time', status: 200 },
  { id: 'JobSchedule_List', method: 'GET', path: '/jobschedules', right: 'read', query: ['maxresults', '$filter', '$select', '$expand'], conditional: 'none', status: 200, response: 'JobScheduleList' },
  { id: 'JobSchedule_Add', method: 'POST', path: '/jobschedules', right: 'write', body: 'JobScheduleAdd', conditional: 'none', status: 201, dataServiceId: true },
  { id: 'JobSchedule_Delete', method: 'DELETE', path: '/jobschedules/{jobScheduleId}', right: 'delete', query: ['force'], conditional: 'all4', status: 202 },
  { id: 'JobSchedule_Get', method: 'GET', path: '/jobschedules/{jobScheduleId}', right: 'read', query: ['$select', '$expand'], conditional: 'all4', status: 200, response: 'JobSchedule' },
  { id: 'JobSchedule_Exists', method: 'HEAD', path: '/jobschedules/{jobScheduleId}', right: 'read', conditional: 'all4', status: 200 },
  { id: 'JobSchedule_Patch', method: 'PATCH', path: '/jobschedules/{jobScheduleId}', right: 'write', body: 'JobSchedulePatch', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'JobSchedule_Update', method: 'PUT', path: '/jobschedules/{jobScheduleId}', right: 'write', body: 'JobSchedulePut', conditional: 'all4', status: 200, dataServiceId: true },
  { id: 'JobSchedule_Disable', method: 'POST', path: '/jobschedules/{jobScheduleId}/disable', right: 'write', conditional: 'all4', status: 204, dataServiceId: true },
  { id: 'JobSchedule_Enable', method: 'POST', path: '/jobschedules/{jobScheduleId}/enable', right: 'write', conditional: 'all4', status: 204, dataServiceId: true },
  { id: 'Job_ListFromJobSchedule', method: 'GET', path: '/jobschedules/{jobScheduleId}/jobs', right: 'read', query: ['maxresults', '$filter', '$select', '$expand'], conditional: 'none', status: 200, response: 'JobList' },
  { id: 'JobSchedule_Terminate', method: 'POST', path: '/jobschedules/{jobScheduleId}/terminate', right: 'write', query: ['force'], conditional: 'all4', status: 202, dataServiceId: true },
  { id: 'Certificate_List', method: 'GET', path: '/certificates', right: 'read', query: ['maxresults', '$filter', '$select'], conditional: 'none', status: 200, response: 'CertificateList', until: 19 },
  { id: 'Certificate_Add', method: 'POST', path: '/certificates', right: 'write', body: 'CertificateAdd', conditional: 'none', status: 201, dataServiceId: true, until: 19 },
  { id: 'Certificate_Delete', method: 'DELETE', path: '/certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})', right: 'delete', conditional: 'none', status: 202, until: 19 },
  { id: 'Certificate_Get', method: 'GET', path: '/certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})', right: 'read', query: ['$select'], conditional: 'none', status: 200, response: 'Certificate', until: 19 },
  { id: 'Certificate_CancelDeletion', method: 'POST', path: '/certificates(thumbprintAlgorithm={thumbprintAlgorithm},thumbprint={thumbprint})/canceldelete', right: 'write', conditional: 'none', status: 204, dataServiceId: true, until: 19 },
  { id: 'Account_ListNodeAgentSkus', method: 'GET', path: '/nodeagentskus', right: 'read', query: ['maxresults', '$filter'], conditional: 'none', status: 200, response: 'NodeAgentSkuList', until: 8 },
  { id: 'Pool_UpgradeOS', method: 'POST', path: '/pools/{poolId}/upgradeos', right: 'write', body: 'PoolUpgradeOs', conditional: 'all4', status: 202, dataServiceId: true, until: 7 },
] as const satisfies readonly OperationRow[];

export type OperationId = (typeof OPERATION_ROWS)[number]['id'];
