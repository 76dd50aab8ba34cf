import { BOX, graphLayout } from '../../charts/graphLayout.ts';
import type { Graph } from '../../client/own.ts';
import { route } from '../../client/place.ts';
import { cut, shownInLine } from '../../text/clean.ts';
import { count, duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { GRAPH_HUES, GRAPH_WORDS, graphWords } from './graphStates.ts';

/** The boxes of a graph and what lies between them. `path`: those that are outlined. */
export function GraphBoxes({ job, graph, zoom, path }: { readonly job: string; readonly graph: Graph; readonly zoom: number; readonly path: ReadonlySet<number> }) {
  const { boxes, width, height } = graphLayout(graph);
  const places = new Map(boxes.map((box) => [box.id, box]));
  const { query } = route.value;
  return (
    <svg class="chart-fixed" width={(width + 2) * zoom} height={(height + 2) * zoom} viewBox={`-1 -1 ${width + 2} ${height + 2}`} role="group" aria-label={`${count(graph.total.tasks)} tasks in ${count(graph.groups.length)} boxes`}>
      {graph.edges.map(([from, until]) => {
        const [a, b] = [places.get(from), places.get(until)];
        if (a === undefined || b === undefined) return null;
        const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + BOX.height / 2, b.x, b.y + BOX.height / 2];
        const middle = (x1 + x2) / 2;
        return <path key={`${from} ${until}`} class={path.has(from) && path.has(until) ? 'edge critical' : 'edge'} d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />;
      })}
      {graph.groups.map(({ id, first, count: tasks, states, longestMs }) => {
        const box = places.get(id);
        if (box === undefined) return null;
        return (
          <a key={id} href={tasks > 1 ? to(['jobs', job], { ...query, tab: 'graph', group: first }) : to(['jobs', job, 'tasks', first])} draggable={false}>
            <g transform={`translate(${box.x} ${box.y})`}>
              <title>{`${first}${tasks > 1 ? ` and ${count(tasks - 1)} like it` : ''}: ${graphWords(states)}${longestMs === 0 ? '' : `; the longest ran ${duration(longestMs)}`}`}</title>
              <rect class={path.has(id) ? 'box critical' : 'box'} width={BOX.width} height={BOX.height} rx="6" />
              <text x="10" y="18" class="box-id">{cut(shownInLine(first), tasks > 1 ? 14 : 20)}</text>
              {tasks > 1 ? <text x={BOX.width - 10} y="18" text-anchor="end">× {count(tasks)}</text> : null}
              <Shares states={states} />
            </g>
          </a>
        );
      })}
    </svg>
  );
}

function Shares({ states }: { readonly states: readonly number[] }) {
  const all = Math.max(1, states.reduce((a, b) => a + b, 0));
  const width = BOX.width - 20;
  let x = 10;
  return (
    <>
      {states.map((value, at) => {
        const share = (value / all) * width;
        const left = x;
        x += share;
        return value === 0 ? null : <rect key={GRAPH_WORDS[at]} x={left} y="28" width={Math.max(2, share - 1)} height="6" rx="1" class={`cell-solid hue-${GRAPH_HUES[at] ?? 'hold'}`} />;
      })}
    </>
  );
}
