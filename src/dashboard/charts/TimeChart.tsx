import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { dark, zone } from '../client/settings.ts';
import { clockTime } from '../text/format.ts';
import { tickLabel } from './axis.ts';
import { palette, useWidth } from './canvas.ts';
import type { Hue } from './states.ts';

export interface Line {
  readonly name: string;
  readonly hue: Hue | 'text';
  /** Holds until the next point. */
  readonly stepped?: boolean;
  readonly dashed?: boolean;
  readonly filled?: boolean;
  readonly values: readonly (number | null)[];
}

interface TimeChartProps {
  /** In seconds. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  readonly heightPx: number;
  readonly label: string;
  /** Charts with the same word share their cursor. */
  readonly sync?: string;
}

/** Numbers over time. */
export function TimeChart({ times, lines, heightPx, label, sync = 'charts' }: TimeChartProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([lines.map(({ name, hue, stepped, dashed, filled }) => [name, hue, stepped, dashed, filled]), heightPx, zone.value, dark.value]);
  const data: uPlot.AlignedData = [times.slice(), ...lines.map(({ values }) => values.slice())] as uPlot.AlignedData;

  useEffect(() => {
    if (box.current === null || width === 0) return undefined;
    const colours = palette();
    const axis = { stroke: colours.text3, font: '11px "Liberation Sans", Arial, sans-serif', grid: { stroke: colours.line, width: 1 }, ticks: { show: false } };
    const options: uPlot.Options = {
      width,
      height: heightPx,
      ...(zone.value === 'utc' ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') } : {}),
      cursor: { sync: { key: sync }, y: false },
      legend: { show: false },
      scales: { y: { range: (_plot, _least, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [{ ...axis, values: (_plot, splits) => splits.map((second) => tickLabel(clockTime(second * 1_000, { zone: zone.value, now: second * 1_000 }), splits.map((one) => one * 1_000))) }, { ...axis, size: 44 }],
      series: [
        {},
        ...lines.map(({ name, hue, stepped = false, dashed = false, filled = false }): uPlot.Series => ({
          label: name,
          stroke: colours[hue],
          width: 1.5,
          points: { show: false },
          ...(filled ? { fill: `${colours[hue]}22` } : {}),
          ...(dashed ? { dash: [4, 4] } : {}),
          ...(stepped && uPlot.paths.stepped !== undefined ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        })),
      ],
    };
    chart.current = new uPlot(options, data, box.current);
    return () => {
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [shape, width === 0]);

  useEffect(() => {
    if (width > 0) chart.current?.setSize({ width, height: heightPx });
  }, [width]);
  useEffect(() => chart.current?.setData(data), [times, lines]);

  return <div ref={box} role="img" aria-label={label} style={{ minHeight: `${heightPx}px` }} />;
}
