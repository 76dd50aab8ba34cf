import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import type { Pool } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { Card, Empty } from '../../parts/Card.tsx';
import { noteOf } from './seen.ts';

/** Fewer are no chart. */
const LEAST_POINTS = 5;

/** Nodes against their target, for as long as the page has looked. */
export function TargetsCard({ pool }: { readonly pool: Pool }) {
  const { times, nodes, target } = noteOf(pool, now.value);
  const lines = [
    { name: 'nodes', hue: 'run' as const, filled: true, values: nodes },
    { name: 'target', hue: 'text' as const, stepped: true, dashed: true, values: target },
  ];
  return (
    <Card title="Targets and what came of them" aside={<span class="legend"><span class="key hue-run">nodes</span><span class="key dash">target</span></span>}>
      {times.length < LEAST_POINTS ? <Empty>Points are noted while this page is open.</Empty> : <LazyTimeChart times={times} lines={lines} heightPx={150} label="Nodes and their target over time, since this page was opened" />}
      {times.length < LEAST_POINTS ? null : <p class="soft small">Since this page was opened.</p>}
    </Card>
  );
}
