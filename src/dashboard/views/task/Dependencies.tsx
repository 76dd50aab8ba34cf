import type { Task } from '../../client/batch.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty } from '../../parts/Card.tsx';
import { TaskBadge } from '../../parts/states.tsx';
import { Name } from '../../parts/text.tsx';
import { NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

const SHOWN = 50;

/** What the task waits for, or has waited for. */
export function Dependencies({ job, task: { dependsOn } }: { readonly job: string; readonly task: Task }) {
  const ids = dependsOn?.taskIds ?? [];
  const ranges = dependsOn?.taskIdRanges ?? [];
  if (ids.length === 0 && ranges.length === 0) return <Card title="Dependencies"><Empty>The task depends on no other.</Empty></Card>;
  return (
    <Card title="Depends on">
      <ul class="list">
        {ids.slice(0, SHOWN).map((id) => <Parent key={id} job={job} id={id} />)}
        {ranges.map(({ start, end }) => <li key={`${start} ${end}`}>Tasks {start} to {end}</li>)}
      </ul>
      {ids.length > SHOWN ? <p class="soft small">The first {SHOWN} of {ids.length}.</p> : null}
    </Card>
  );
}

function Parent({ job, id }: { readonly job: string; readonly id: string }) {
  const path = pathOf('jobs', job, 'tasks', id);
  const { data } = useResource(path, (signal) => ask<Task>(path, { query: { $select: 'id,state,executionInfo' }, signal }), { beats: 5 });
  return (
    <li>
      <a class="grow" href={to(['jobs', job, 'tasks', id])}><Name mono>{id}</Name></a>
      {data === undefined ? NONE : <TaskBadge state={data.state} result={data.executionInfo?.result} />}
    </li>
  );
}
