import type { JobTaskStatus } from '../../../core/status.ts';
import { listJobNodes, type JobNodeRow } from '../../../store/intents/jobNodes.ts';
import { nodeNames, type NodeName } from '../../../store/intents/nodes.ts';
import { taskDirectory } from '../../../ports.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError } from '../../../wire/errors.ts';
import { matches } from '../../../wire/odata.ts';
import { applySelect } from '../../../wire/query.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { JobPreparationAndReleaseTaskStatus, JobReleaseTaskExecutionInfo } from '../../../wire/types.generated.ts';
import type { JobWithDefaults } from '../../../wire/defaults.ts';
import type { Handler } from '../../call.ts';
import { listAnswer, pageStart, skipToken } from '../paging.ts';

const BATCH_SIZE = 1000;

/** What of a job its status on nodes is told with. */
interface OwnTasks {
  readonly baseUrl: string;
  readonly jobId: string;
  readonly spec: Pick<JobWithDefaults, 'poolInfo' | 'jobPreparationTask' | 'jobReleaseTask'>;
}

/** The job that is called: its number, and what the list says of it. */
type ReadJob = (...call: Parameters<Handler>) => Promise<{ readonly job: number; readonly of: OwnTasks }>;

/**
 * Job_ListPreparationAndReleaseTaskStatus, in the order in which nodes came into being. Filters run over what is
 * answered, batch by batch until the page is full.
 */
export function listOnNodes(readJob: ReadJob): Handler {
  return async (call, parts) => {
    const { maxResults, filter, select } = call.query;
    const { job, of } = await readJob(call, parts);
    if (of.spec.jobPreparationTask === undefined) throw new BatchError('JobPreparationTaskOrReleaseTaskNotSpecified');
    const found: { readonly node: number; readonly item: JobPreparationAndReleaseTaskStatus }[] = [];
    let after = pageStart(call, 'jobnodes', 0);
    for (let more = true; more && found.length <= maxResults; ) {
      call.signal.throwIfAborted();
      const batch = await listJobNodes(parts.database, job, after, BATCH_SIZE);
      const names = await nodeNames(parts.database, batch.map(({ node }) => node));
      for (const row of batch) {
        const item = wireStatus(row, names.get(row.node), of);
        if (item !== null && (filter === undefined || matches(filter, item))) found.push({ node: row.node, item });
      }
      after = batch.at(-1)?.node ?? after;
      more = batch.length === BATCH_SIZE;
    }
    const shown = found.slice(0, maxResults);
    const token = found.length > shown.length ? skipToken('jobnodes', shown.at(-1)?.node ?? 0) : null;
    // Recorded (EX 30).
    const items = shown.map(({ item }) => applySelect(dataContract.writeBody('JobPreparationAndReleaseTaskStatus', call.version, item), select));
    return listAnswer(call, 'jobpreparationandreleasetaskstatuslist', items, token);
  };
}

/** null: nothing has begun there yet. */
function wireStatus(row: JobNodeRow, node: NodeName | undefined, of: OwnTasks): JobPreparationAndReleaseTaskStatus | null {
  const preparation = begun(row.preparation);
  if (preparation === null || node === undefined) return null;
  const release = begun(row.release);
  const { jobPreparationTask, jobReleaseTask, poolInfo } = of.spec;
  const poolId = node.poolId ?? poolInfo.poolId ?? '';
  const nodeUrl = `${of.baseUrl}/pools/${poolId}/nodes/${node.id}`;
  const directory = (id: string): string => taskDirectory(of.jobId, id);
  return {
    poolId,
    nodeId: node.id,
    nodeUrl,
    jobPreparationTaskExecutionInfo: {
      ...runOf(preparation, directory(jobPreparationTask?.id ?? ''), nodeUrl),
      retryCount: preparation.retryCount,
      lastRetryTime: time(preparation.lastRetryAt),
    },
    jobReleaseTaskExecutionInfo: release === null ? undefined : runOf(release, directory(jobReleaseTask?.id ?? ''), nodeUrl),
  };
}

interface Begun extends JobTaskStatus {
  readonly startedAt: number;
}

function begun(text: string | null): Begun | null {
  const status = text === null ? null : (JSON.parse(text) as JobTaskStatus);
  return status === null || status.startedAt === null ? null : { ...status, startedAt: status.startedAt };
}

/** One that is to run again reads as it ran last. */
function runOf(status: Begun, directory: string, nodeUrl: string): JobReleaseTaskExecutionInfo {
  const isCompleted = status.result !== null;
  return {
    startTime: formatTimestamp(status.startedAt),
    endTime: time(status.endedAt),
    state: isCompleted ? 'completed' : 'running',
    taskRootDirectory: directory,
    taskRootDirectoryUrl: `${nodeUrl}/files/${directory}`,
    exitCode: status.exitCode ?? undefined,
    containerInfo: isCompleted ? status.container : undefined,
    failureInfo: status.failure ?? undefined,
    result: status.result ?? undefined,
  };
}

function time(at: number | null): string | undefined {
  return at === null ? undefined : formatTimestamp(at);
}
