import type { Graph } from '../../client/own.ts';
import { route } from '../../client/place.ts';
import { Name } from '../../parts/text.tsx';
import { count, duration, NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { graphWords } from './graphStates.ts';

/** Names shown of what a box waits for. */
const NAMED = 4;

/** The boxes of a graph, a line each, those first that wait for nothing. */
export function GraphList({ job, graph: { groups, edges } }: { readonly job: string; readonly graph: Graph }) {
  const names = new Map(groups.map(({ id, first, count: tasks }) => [id, tasks > 1 ? `${first} × ${count(tasks)}` : first]));
  const before = new Map<number, string[]>();
  for (const [parent, child] of edges) before.set(child, [...(before.get(child) ?? []), names.get(parent) ?? '?']);
  return (
    <div class="scroll-x">
      <table class="rows plain">
        <thead><tr><th scope="col" class="n">Step</th><th scope="col">Tasks</th><th scope="col">States</th><th scope="col" class="n">Longest run</th><th scope="col">Wait for</th></tr></thead>
        <tbody>
          {groups.toSorted((one, other) => one.rank - other.rank).map(({ id, rank, first, count: tasks, states, longestMs }) => {
            const parents = before.get(id) ?? [];
            return (
              <tr key={id} data-row tabIndex={-1}>
                <td class="n">{rank + 1}</td>
                <td><a href={tasks > 1 ? to(['jobs', job], { ...route.value.query, group: first }) : to(['jobs', job, 'tasks', first])} data-open><Name mono most={40}>{names.get(id) ?? first}</Name></a></td>
                <td>{graphWords(states) || 'not there'}</td>
                <td class="n">{longestMs === 0 ? NONE : duration(longestMs)}</td>
                <td>{parents.length === 0 ? NONE : <Name mono most={80}>{`${parents.slice(0, NAMED).join(', ')}${parents.length > NAMED ? ` and ${count(parents.length - NAMED)} more` : ''}`}</Name>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
