import type { JobNumber, NodeNumber } from '../../core/keys.ts';
import type { JobNodeStatus } from '../../core/status.ts';
import { asShown, type ApiRow } from '../status/description.ts';
import { JOB_NODE_STATUS } from '../status/jobNodeStatus.ts';
import { rows, statement, type Database } from './statement.ts';

/** What has become of a job's preparation and release task on one node, also on one that has left. JSON is text. */
export type JobNodeRow = ApiRow<JobNodeStatus, typeof JOB_NODE_STATUS>;

const list = statement<JobNodeRow>(
  'jobNodes.list',
  `select ${asShown<JobNodeStatus, typeof JOB_NODE_STATUS>(JOB_NODE_STATUS).columns} from ${JOB_NODE_STATUS.table} s where s.job = $1 and s.node > $2 order by s.node limit $3`,
);

/** In the order of the nodes' numbers, above `after`. */
export function listJobNodes(database: Database, job: JobNumber, after: NodeNumber, limit: number): Promise<readonly JobNodeRow[]> {
  return rows(database, list, [job, after, limit]);
}
