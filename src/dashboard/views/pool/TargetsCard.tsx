import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import { continued, levelsOf } from '../../charts/levels.ts';
import type { Pool } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { own } from '../../client/own.ts';
import { change, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty } from '../../parts/Card.tsx';
import { noteOf } from './seen.ts';

const SPANS = [{ id: '', word: '3 h', hours: 3 }, { id: '1d', word: '1 d', hours: 24 }, { id: '3d', word: '3 d', hours: 72 }] as const;
const BEATS = 15;
const HOUR_MS = 3_600_000;
/** Fewer are no chart. */
const LEAST_POINTS = 2;

/** Nodes against their target, as noted by the service and seen by the page since; tasks where they are sampled. */
export function TargetsCard({ pool }: { readonly pool: Pool }) {
  const { span = '' } = route.value.query;
  const { hours } = SPANS.find(({ id }) => id === span) ?? SPANS[0];
  const { data } = useResource(`${pool.id} series ${hours}`, (signal) => own.series(pool.id, { from: new Date(Date.now() - hours * HOUR_MS).toISOString() }, signal), { beats: BEATS });
  const of = data?.series ?? {};
  const seen = noteOf(pool, now.value);
  const noted = levelsOf([[of.currentDedicatedNodes ?? [], of.currentLowPriorityNodes ?? []], [of.targetDedicatedNodes ?? [], of.targetLowPriorityNodes ?? []]]);
  const sizes = continued(noted, { times: seen.times, lines: [seen.nodes, seen.target] });
  const tasks = levelsOf([[of.waitingTasks ?? []], [of.runningTasks ?? []]]);
  return (
    <Card
      title="Targets and what came of them"
      aside={
        <>
          <span class="legend"><span class="key hue-run">nodes</span><span class="key dash">target</span></span>
          <span class="pick" role="group" aria-label="Time">{SPANS.map(({ id, word }) => <button key={id} type="button" aria-pressed={span === id} onClick={() => change({ span: id })}>{word}</button>)}</span>
        </>
      }
    >
      {sizes.times.length < LEAST_POINTS ? <Empty>Nothing of it is on record.</Empty> : <LazyTimeChart times={sizes.times} lines={[{ name: 'nodes', hue: 'run', filled: true, stepped: true, values: sizes.lines[0] ?? [] }, { name: 'target', hue: 'text', stepped: true, dashed: true, values: sizes.lines[1] ?? [] }]} heightPx={150} label="Nodes and their target over time" />}
      {tasks.times.length < LEAST_POINTS ? null : (
        <>
          <p class="legend small"><span class="key hue-wait">waiting tasks</span><span class="key hue-ok">running tasks</span></p>
          <LazyTimeChart times={tasks.times} lines={[{ name: 'waiting', hue: 'wait', values: tasks.lines[0] ?? [] }, { name: 'running', hue: 'ok', values: tasks.lines[1] ?? [] }]} heightPx={110} label="Tasks of the pool that wait and run over time" />
        </>
      )}
      {data?.missing.waitingTasks === undefined ? null : <p class="soft small">Tasks: {data.missing.waitingTasks}</p>}
    </Card>
  );
}
