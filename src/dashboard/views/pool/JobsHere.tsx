import { listJobsOf, taskCounts, type Job } from '../../client/batch.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { StateBar, taskParts } from '../../parts/states.tsx';
import { Name } from '../../parts/text.tsx';
import { NONE, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

const SHOWN = 6;

/** Active jobs on a pool. */
export function JobsHere({ pool }: { readonly pool: string }) {
  const jobs = useResource(`${pool} jobs`, (signal) => listJobsOf(pool, { signal, state: 'active' }));
  return (
    <Card title="Jobs here">
      <Loaded of={jobs}>
        {({ value }) =>
          value.length === 0 ? (
            <Empty>No active job runs here.</Empty>
          ) : (
            <>
              <ul class="why">{value.slice(0, SHOWN).map((job) => <JobLine key={job.id} job={job} />)}</ul>
              {value.length > SHOWN ? <a class="link" href={to(['pools', pool], { tab: 'jobs' })}>All jobs here</a> : null}
            </>
          )
        }
      </Loaded>
    </Card>
  );
}

function JobLine({ job: { id } }: { readonly job: Job }) {
  const { data } = useResource(`counts ${id}`, (signal) => taskCounts(id, signal));
  const counts = data?.taskCounts;
  return (
    <li>
      <a class="line" href={to(['jobs', id])}><Name most={32}>{id}</Name></a>
      <b>{counts === undefined ? NONE : percent(counts.completed, counts.active + counts.running + counts.completed)}</b>
      <div class="job-bar">{counts === undefined ? null : <StateBar thin parts={taskParts(counts)} />}</div>
    </li>
  );
}
