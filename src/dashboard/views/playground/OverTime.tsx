import type { FormulaMoment } from '../../../wire/own/formula.ts';
import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import { Card } from '../../parts/Card.tsx';

/** What the formula would have asked for over the time of the samples, above the load that they have. */
export function OverTime({ moments }: { readonly moments: readonly FormulaMoment[] }) {
  const times = moments.map(({ time }) => Date.parse(time) / 1_000);
  // A line needs two moments that differ.
  if (times.length < 2 || times[0] === times.at(-1)) return null;
  const targets = moments.map(({ dedicated, lowPriority }) => (dedicated === undefined || lowPriority === undefined ? null : dedicated + lowPriority));
  return (
    <Card title="Over the load" aside={<span class="legend"><span class="key dash">target</span><span class="key hue-wait">waiting tasks</span><span class="key hue-ok">running tasks</span></span>}>
      <LazyTimeChart times={times} lines={[{ name: 'target', hue: 'text', stepped: true, dashed: true, values: targets }]} heightPx={120} label="Nodes that the formula would have asked for over time" sync="playground" />
      <LazyTimeChart times={times} lines={[{ name: 'waiting', hue: 'wait', values: moments.map(({ waiting }) => waiting) }, { name: 'running', hue: 'ok', values: moments.map(({ running }) => running) }]} heightPx={110} label="Tasks that wait and run over time" sync="playground" />
    </Card>
  );
}
