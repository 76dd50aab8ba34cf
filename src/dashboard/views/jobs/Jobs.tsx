import { listJobs, type Job, type Page } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { useChosen } from '../../parts/useChosen.ts';
import { ManyJobs } from '../many/ManyJobs.tsx';
import { JobTable } from './JobTable.tsx';

const STATES = ['active', 'disabled', 'terminating', 'completed', 'all'] as const;

/** The newest first, pinned by their number in the list of the service. */
export function Jobs() {
  const { state = 'active', q = '' } = route.value.query;
  const jobs = useResource(`jobs ${state}`, (signal) => listJobs({ signal, state: state === 'all' ? undefined : state }), { follows: 'overview' });
  return (
    <>
      <Head title="Jobs" />
      <div class="chips">
        {STATES.map((one) => (
          <button key={one} type="button" class="chip" aria-pressed={state === one} onClick={() => change({ state: one === 'active' ? undefined : one })}>
            {one}
          </button>
        ))}
        <input class="input filter" type="search" data-filter aria-label="Filter by id" placeholder="id" value={q} onInput={(event) => change({ q: event.currentTarget.value })} />
      </div>
      <Card title={state === 'all' ? 'All jobs' : `Jobs that are ${state}`} flush>
        <Loaded of={jobs}>{(page) => <JobList key={state} page={page} filter={q} state={state} />}</Loaded>
      </Card>
    </>
  );
}

function JobList({ page, filter, state }: { readonly page: Page<Job>; readonly filter: string; readonly state: string }) {
  const all = useMore(page, ({ id }) => id);
  const { rows } = all;
  const shownRows = rows.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));
  const [ids, chosen] = useChosen(shownRows.map(({ id }) => id));
  if (rows.length === 0) return <div class="card-pad"><Empty command="linarite run --items 1,2,3 --shell -- 'echo {item}'">{state === 'all' ? 'There is no job. The first one:' : `No job is ${state}. Another one:`}</Empty></div>;
  return (
    <>
      {ids.length === 0 ? null : <div class="card-pad"><ManyJobs jobs={shownRows.filter(({ id }) => ids.includes(id))} /></div>}
      {shownRows.length === 0 ? <div class="card-pad"><Empty>None of these {rows.length} has “{filter}” in its id.</Empty></div> : <JobTable jobs={shownRows} follows chosen={mayWrite() ? chosen : undefined} />}
      <More of={all} />
    </>
  );
}
