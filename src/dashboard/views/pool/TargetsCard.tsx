import { useState } from 'preact/hooks';
import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import type { Pool } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card } from '../../parts/Card.tsx';
import { noteOf } from './seen.ts';

const SPANS = { '3 h': 3, '1 d': 24, '7 d': 168 } as const;
type SpanName = keyof typeof SPANS;
const HOUR_MS = 3_600_000;
const BEATS = 5;
/** Fewer are no chart. */
const LEAST_POINTS = 3;
const NAMES = 'nodes,target,running,waiting';

/** Nodes against their target, tasks that wait against those that run. */
export function TargetsCard({ pool }: { readonly pool: Pool }) {
  const [span, setSpan] = useState<SpanName>('3 h');
  const series = useResource(`${pool.id} series ${span}`, (signal) => own.series(pool.id, { names: NAMES, from: new Date(Date.now() - SPANS[span] * HOUR_MS).toISOString(), points: 600 }, signal), { beats: BEATS });
  const seen = noteOf(pool, now.value);
  const { data } = series;
  const times = data?.times.map((at) => (at > 1e12 ? at / 1_000 : at)) ?? seen.times;
  const lines = [
    { name: 'nodes', hue: 'run' as const, filled: true, values: data?.series['nodes'] ?? seen.nodes },
    { name: 'target', hue: 'text' as const, stepped: true, dashed: true, values: data?.series['target'] ?? seen.target },
  ];
  const picks = (
    <>
      <span class="legend"><span class="key hue-run">nodes</span><span class="key dash">target</span></span>
      {data === undefined ? null : (
        <span class="pick" role="group" aria-label="Span">
          {(Object.keys(SPANS) as SpanName[]).map((name) => <button key={name} type="button" aria-pressed={span === name} onClick={() => setSpan(name)}>{name}</button>)}
        </span>
      )}
    </>
  );
  return (
    <Card title="Targets and what came of them" aside={picks}>
      {times.length < LEAST_POINTS ? <div class="skeleton" /> : <LazyTimeChart times={times} lines={lines} heightPx={150} label="Nodes and their target over time" />}
      {data === undefined ? <p class="soft small">Since this page was opened.</p> : null}
      {data?.series['waiting'] === undefined ? null : (
        <>
          <div class="between"><h3>Tasks</h3><span class="legend"><span class="key hue-wait">waiting</span><span class="key hue-run">running</span></span></div>
          <LazyTimeChart times={times} lines={[{ name: 'waiting', hue: 'wait', values: data.series['waiting'] }, { name: 'running', hue: 'run', values: data.series['running'] ?? [] }]} heightPx={110} label="Tasks that wait and run over time" />
        </>
      )}
    </Card>
  );
}
