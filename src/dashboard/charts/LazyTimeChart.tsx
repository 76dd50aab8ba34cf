import type { ComponentProps, ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { TimeChart } from './TimeChart.tsx';

type Props = ComponentProps<typeof TimeChart>;

/** The library of charts comes with the first of them. */
export function LazyTimeChart(props: Props) {
  const [Chart, setChart] = useState<{ readonly of: ComponentType<Props> }>();
  useEffect(() => void import('./TimeChart.tsx').then((module) => setChart({ of: module.TimeChart })), []);
  return Chart === undefined ? <div style={{ minHeight: `${props.heightPx}px` }} /> : <Chart.of {...props} />;
}
