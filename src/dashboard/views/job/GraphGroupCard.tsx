import { GRAPH_STATES } from '../../../wire/own/graph.ts';
import { own } from '../../client/own.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { TaskBadge } from '../../parts/states.tsx';
import { Name } from '../../parts/text.tsx';
import { count } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { GRAPH_WORDS } from './graphStates.ts';

const PAGE = 50;
const BEATS = 3;

/** The tasks of a box, by their states, a page at a time. `first`: its first task. */
export function GraphGroupCard({ job, first }: { readonly job: string; readonly first: string }) {
  const { of = '', page: pageText = '0' } = route.value.query;
  const page = Math.max(0, Math.floor(Number(pageText) || 0));
  const query = { first, state: of, from: page * PAGE, count: PAGE };
  const tasks = useResource(JSON.stringify([job, query]), (signal) => own.graphTasks(job, query, signal), { beats: BEATS });
  return (
    <Card
      title={`Tasks like ${first}`}
      aside={
        <>
          <span class="pick" role="group" aria-label="State">
            <button type="button" aria-pressed={of === ''} onClick={() => change({ of: '', page: '' })}>all</button>
            {GRAPH_STATES.map((state, at) => <button key={state} type="button" aria-pressed={of === state} onClick={() => change({ of: state, page: '' })}>{GRAPH_WORDS[at]}</button>)}
          </span>
          <button type="button" class="link" onClick={() => change({ group: '', of: '', page: '' })}>Close</button>
        </>
      }
    >
      <Loaded of={tasks}>
        {({ total, tasks: rows }) =>
          rows.length === 0 ? (
            <Empty>None is like this.</Empty>
          ) : (
            <>
              <ul class="names">{rows.map(({ id, state }) => <li key={id}><TaskBadge state={state} /> <a href={to(['jobs', job, 'tasks', id])}><Name mono most={40}>{id}</Name></a></li>)}</ul>
              <p class="acts small">
                <span class="soft">{count(page * PAGE + 1)} to {count(page * PAGE + rows.length)} of {count(total)}</span>
                {page === 0 ? null : <button type="button" class="link" onClick={() => change({ page: String(page - 1) })}>Those before</button>}
                {(page + 1) * PAGE >= total ? null : <button type="button" class="link" onClick={() => change({ page: String(page + 1) })}>Those after</button>}
              </p>
            </>
          )
        }
      </Loaded>
    </Card>
  );
}
