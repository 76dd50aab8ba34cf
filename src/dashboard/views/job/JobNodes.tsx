import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { Badge } from '../../parts/states.tsx';
import { Time } from '../../parts/text.tsx';
import { NONE } from '../../text/format.ts';
import { shortNode } from '../../text/clean.ts';
import { to } from '../../routes/route.ts';
import type { Execution, Job, Page } from '../../client/batch.ts';

interface JobNode {
  readonly poolId: string;
  readonly nodeId: string;
  readonly jobPreparationTaskExecutionInfo?: Execution & { readonly state: string };
  readonly jobReleaseTaskExecutionInfo?: Execution & { readonly state: string };
}

/** Preparation and release of a job, by node. */
export function JobNodes({ job: { id: job, jobPreparationTask, jobReleaseTask } }: { readonly job: Job }) {
  // The service refuses to tell of a job that has neither.
  const has = jobPreparationTask !== undefined || jobReleaseTask !== undefined;
  const nodes = useResource(has ? `${job} nodes` : null, (signal) => ask<Page<JobNode>>(`${pathOf('jobs', job)}/jobpreparationandreleasetaskstatus`, { signal }));
  return (
    <Card title="Preparation and release by node" flush>
      {has ? <Loaded of={nodes}>{(page) => <Rows page={page} />}</Loaded> : <div class="card-pad"><Empty>The job has no preparation task.</Empty></div>}
    </Card>
  );
}

function Rows({ page }: { readonly page: Page<JobNode> }) {
  const all = useMore(page, ({ nodeId }) => nodeId);
  if (all.rows.length === 0) return <div class="card-pad"><Empty>No node has run the preparation yet.</Empty></div>;
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Node</th><th scope="col">Preparation</th><th scope="col">Exit</th><th scope="col">Release</th><th scope="col">Exit</th></tr></thead>
          <tbody>
            {all.rows.map(({ poolId, nodeId, jobPreparationTaskExecutionInfo: preparation, jobReleaseTaskExecutionInfo: release }) => (
              <tr key={nodeId} data-row tabIndex={-1}>
                <td><a class="mono" href={to(['pools', poolId, 'nodes', nodeId])} title={nodeId} data-open>{shortNode(nodeId)}</a></td>
                <Step of={preparation} />
                <Step of={release} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More of={all} />
    </>
  );
}

function Step({ of }: { readonly of: (Execution & { readonly state: string }) | undefined }) {
  return (
    <>
      <td>{of === undefined ? NONE : <><Badge of="task" state={of.state === 'completed' ? (of.result === 'failure' ? 'failed' : 'succeeded') : of.state} /> <span class="soft small"><Time at={of.startTime} /></span></>}</td>
      <td>{of?.exitCode ?? NONE}</td>
    </>
  );
}
