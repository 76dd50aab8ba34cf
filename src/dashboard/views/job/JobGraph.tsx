import { useRef } from 'preact/hooks';
import { criticalPath } from '../../charts/criticalPath.ts';
import { own, type Graph } from '../../client/own.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { count } from '../../text/format.ts';
import { GraphBoxes } from './GraphBoxes.tsx';
import { GraphGroupCard } from './GraphGroupCard.tsx';
import { GraphList } from './GraphList.tsx';
import { GRAPH_HUES, GRAPH_WORDS } from './graphStates.ts';

const BEATS = 3;
const STEP = 1.25;
const [LEAST, MOST] = [0.2, 3];

/** What waits for what: equal tasks are one box. */
export function JobGraph({ job, uses }: { readonly job: string; readonly uses: boolean }) {
  const graph = useResource(uses ? `${job} graph` : null, (signal) => own.graph(job, signal), { beats: BEATS });
  const { as = '', group } = route.value.query;
  if (!uses) return <Card title="Dependencies"><Empty>The tasks of this job depend on none (usesTaskDependencies is false).</Empty></Card>;
  const isList = as === 'list';
  return (
    <>
      <Card
        title="Dependencies"
        aside={
          <span class="legend">
            {GRAPH_HUES.map((hue, at) => <span key={hue} class={`key hue-${hue}`}>{GRAPH_WORDS[at]}</span>)}
            <button type="button" class="link" onClick={() => change({ as: isList ? '' : 'list' })}>{isList ? 'As picture' : 'As list'}</button>
          </span>
        }
      >
        <Loaded of={graph} height={240}>{(data) => (data.groups.length === 0 ? <Empty>The job has no tasks.</Empty> : isList ? <GraphList job={job} graph={data} /> : <Zoomed job={job} graph={data} />)}</Loaded>
      </Card>
      {group === undefined ? null : <GraphGroupCard key={group} job={job} first={group} />}
    </>
  );
}

/** The picture at the size that the address says; it is dragged and scrolled. */
function Zoomed({ job, graph }: { readonly job: string; readonly graph: Graph }) {
  const view = useRef<HTMLDivElement>(null);
  const dragged = useRef<{ readonly x: number; readonly y: number } | null>(null);
  const zoom = Math.min(MOST, Math.max(LEAST, Number(route.value.query['zoom'] ?? 1) || 1));
  const set = (next: number): void => change({ zoom: Math.abs(next - 1) < 0.01 ? '' : Math.min(MOST, Math.max(LEAST, next)).toFixed(2) });
  const path = criticalPath(graph);
  const { total, groups } = graph;

  function onWheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    set(event.deltaY > 0 ? zoom / STEP : zoom * STEP);
  }

  /** From a box it is a click. */
  function onPointerDown({ pointerType, target, clientX: x, clientY: y }: PointerEvent): void {
    const isOfBox = target instanceof Element && target.closest('a') !== null;
    dragged.current = pointerType === 'touch' || isOfBox ? null : { x, y };
  }

  function onPointerMove(event: PointerEvent): void {
    if (dragged.current === null || (event.buttons & 1) === 0) return;
    view.current?.scrollBy({ left: dragged.current.x - event.clientX, top: dragged.current.y - event.clientY, behavior: 'instant' });
    dragged.current = { x: event.clientX, y: event.clientY };
  }

  return (
    <>
      <p class="soft small between">
        <span>{total.groups > groups.length ? `The first ${count(groups.length)} of ${count(total.groups)} boxes. ` : ''}{path.size === 0 ? '' : 'The outlined way took longest. '}A box of several tasks opens below.</span>
        <span class="acts">
          <button type="button" class="btn s" aria-label="Smaller" onClick={() => set(zoom / STEP)}>−</button>
          <button type="button" class="btn s" onClick={() => set(1)}>{Math.round(zoom * 100)} %</button>
          <button type="button" class="btn s" aria-label="Larger" onClick={() => set(zoom * STEP)}>+</button>
        </span>
      </p>
      <div
        class="scroll-x graph"
        ref={view}
        tabIndex={0}
        role="region"
        aria-label="Dependency graph"
        onWheel={onWheel}
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={() => { dragged.current = null; }}
      >
        <GraphBoxes job={job} graph={graph} zoom={zoom} path={path} />
      </div>
    </>
  );
}
