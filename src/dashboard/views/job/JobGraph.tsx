import { BOX, graphLayout } from '../../charts/graphLayout.ts';
import { own, type Graph } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { cut, shownInLine } from '../../text/clean.ts';
import { count } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

const BEATS = 3;
/** As the service counts them. */
const HUES = ['wait', 'come', 'run', 'ok', 'bad'] as const;
const WORDS = ['waiting', 'preparing', 'running', 'succeeded', 'failed'] as const;

/** What waits for what: equal tasks are one box. */
export function JobGraph({ job, uses }: { readonly job: string; readonly uses: boolean }) {
  const graph = useResource(uses ? `${job} graph` : null, (signal) => own.graph(job, signal), { beats: BEATS });
  if (!uses) return <Card title="Dependencies"><Empty>The tasks of this job depend on none (usesTaskDependencies is false).</Empty></Card>;
  return (
    <Card title="Dependencies" aside={<span class="legend">{HUES.map((hue, at) => <span key={hue} class={`key hue-${hue}`}>{WORDS[at]}</span>)}</span>}>
      <Loaded of={graph} height={240}>{(data) => (data.groups.length === 0 ? <Empty>The job has no tasks.</Empty> : <Boxes job={job} graph={data} />)}</Loaded>
    </Card>
  );
}

function Boxes({ job, graph }: { readonly job: string; readonly graph: Graph }) {
  const { boxes, width, height } = graphLayout(graph);
  const places = new Map(boxes.map((box) => [box.id, box]));
  return (
    <div class="scroll-x graph" tabIndex={0} role="region" aria-label="Dependency graph">
      <svg class="chart-fixed" width={width + 2} height={height + 2} viewBox={`-1 -1 ${width + 2} ${height + 2}`} role="group" aria-label={`${count(graph.total.tasks)} tasks in ${count(graph.groups.length)} boxes`}>
        {graph.edges.map(([from, until]) => {
          const [a, b] = [places.get(from), places.get(until)];
          if (a === undefined || b === undefined) return null;
          const [x1, y1, x2, y2] = [a.x + BOX.width, a.y + BOX.height / 2, b.x, b.y + BOX.height / 2];
          const middle = (x1 + x2) / 2;
          return <path key={`${from} ${until}`} class="edge" d={`M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />;
        })}
        {graph.groups.map(({ id, first, count: tasks, states }) => {
          const box = places.get(id);
          if (box === undefined) return null;
          const words = states.map((value, at) => (value > 0 ? `${count(value)} ${WORDS[at] ?? ''}` : '')).filter(Boolean).join(', ');
          return (
            <a key={id} href={to(['jobs', job, 'tasks', first])}>
              <g transform={`translate(${box.x} ${box.y})`}>
                <title>{`${first}${tasks > 1 ? ` and ${count(tasks - 1)} like it` : ''}: ${words}`}</title>
                <rect class="box" width={BOX.width} height={BOX.height} rx="6" />
                <text x="10" y="18" class="box-id">{cut(shownInLine(first), tasks > 1 ? 14 : 20)}</text>
                {tasks > 1 ? <text x={BOX.width - 10} y="18" text-anchor="end">× {count(tasks)}</text> : null}
                <Shares states={states} />
              </g>
            </a>
          );
        })}
      </svg>
    </div>
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
        return value === 0 ? null : <rect key={WORDS[at]} x={left} y="28" width={Math.max(2, share - 1)} height="6" rx="1" class={`cell-solid hue-${HUES[at] ?? 'hold'}`} />;
      })}
    </>
  );
}
