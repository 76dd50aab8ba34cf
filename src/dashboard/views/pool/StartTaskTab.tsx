import type { Node, Page, Pool } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { NodeBadge } from '../../parts/states.tsx';
import { Time } from '../../parts/text.tsx';
import { shown, shortNode } from '../../text/clean.ts';
import { NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { fileAt } from '../task/Files.tsx';
import { LogView } from '../task/LogView.tsx';

const LOG = 'startup/stderr.txt';
const PAGE = 100;

/** What runs on each node before its tasks, where it has failed, and what it said there. */
export function StartTaskTab({ pool: { id, startTask } }: { readonly pool: Pool }) {
  const path = pathOf('pools', id, 'nodes');
  const failed = useResource(`${path} failed`, (signal) => ask<Page<Node>>(path, { query: { $filter: "state eq 'starttaskfailed'", $select: 'id,state,stateTransitionTime,startTaskInfo', maxresults: PAGE }, signal }), { beats: 5 });
  const { node } = route.value.query;
  return (
    <>
      <Card title="Start task">
        {startTask === undefined ? <Empty>The pool has no start task.</Empty> : <pre class="code">{shown(startTask.commandLine)}</pre>}
      </Card>
      {startTask === undefined ? null : <Card title="Nodes on which it has failed" flush><Loaded of={failed}>{(page) => <FailedNodes pool={id} page={page} />}</Loaded></Card>}
      {node === undefined ? null : <Card title={`${LOG} on ${shortNode(node)}`} aside={<a class="link" href={to(['pools', id, 'nodes', node], { tab: 'start' })}>The node</a>}><LogView key={node} path={fileAt(['pools', id, 'nodes', node], LOG)} name={LOG} live={false} /></Card>}
    </>
  );
}

function FailedNodes({ pool, page }: { readonly pool: string; readonly page: Page<Node> }) {
  const all = useMore(page, ({ id }) => id);
  const { node: open } = route.value.query;
  if (all.rows.length === 0) return <div class="card-pad"><Empty>It has failed on no node that is here now.</Empty></div>;
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col" class="n">Exit</th><th scope="col">Why</th><th scope="col" class="n narrow-hide">Ended</th><th scope="col"><span class="unseen">Log</span></th></tr></thead>
          <tbody>
            {all.rows.map(({ id, state, startTaskInfo }) => (
              <tr key={id} data-row tabIndex={-1} aria-selected={open === id}>
                <td><a class="mono" href={to(['pools', pool, 'nodes', id], { tab: 'start' })} title={id} data-open>{shortNode(id)}</a></td>
                <td><NodeBadge state={state} /></td>
                <td class="n">{startTaskInfo?.exitCode ?? NONE}</td>
                <td>{startTaskInfo?.failureInfo === undefined ? NONE : shown(startTaskInfo.failureInfo.message ?? startTaskInfo.failureInfo.code)}</td>
                <td class="n narrow-hide"><Time at={startTaskInfo?.endTime} /></td>
                <td class="n"><button type="button" class="link" onClick={() => change({ node: open === id ? '' : id })}>{open === id ? 'Close log' : 'Read log'}</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More of={all} />
    </>
  );
}
