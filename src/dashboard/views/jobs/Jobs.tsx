import { useState } from 'preact/hooks';
import { listJobs, nextPage, type Job } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { sayError } from '../../parts/toasts.tsx';
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
        <Loaded of={jobs}>{(page) => <JobList key={state} first={page.value} next={page['odata.nextLink']} filter={q} state={state} />}</Loaded>
      </Card>
    </>
  );
}

function JobList({ first, next, filter, state }: { readonly first: readonly Job[]; readonly next: string | undefined; readonly filter: string; readonly state: string }) {
  const [more, setMore] = useState<{ readonly rows: readonly Job[]; readonly next: string | undefined }>();
  const rows = [...first, ...(more?.rows ?? []).filter(({ id }) => !first.some((job) => job.id === id))];
  const shownRows = rows.filter(({ id }) => id.toLowerCase().includes(filter.toLowerCase()));
  const [ids, chosen] = useChosen(shownRows.map(({ id }) => id));
  const link = more === undefined ? next : more.next;
  if (rows.length === 0) return <div class="card-pad"><Empty command="linarite run --items 1,2,3 --shell -- 'echo {item}'">{state === 'all' ? 'There is no job. The first one:' : `No job is ${state}. Another one:`}</Empty></div>;
  return (
    <>
      {ids.length === 0 ? null : <div class="card-pad"><ManyJobs jobs={shownRows.filter(({ id }) => ids.includes(id))} /></div>}
      {shownRows.length === 0 ? <div class="card-pad"><Empty>None of these {rows.length} has “{filter}” in its id.</Empty></div> : <JobTable jobs={shownRows} follows chosen={mayWrite() ? chosen : undefined} />}
      {link === undefined ? null : (
        <div class="card-pad">
          <button type="button" class="btn s" onClick={() => void nextPage<Job>(link).then((page) => setMore({ rows: [...(more?.rows ?? []), ...page.value], next: page['odata.nextLink'] }), sayError)}>
            More than these {rows.length}
          </button>
        </div>
      )}
    </>
  );
}
