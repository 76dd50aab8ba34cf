import type { Histogram } from '../../client/own.ts';
import { roundUp } from '../../charts/axis.ts';
import { useWidth } from '../../charts/canvas.ts';
import { count, roughDuration } from '../../text/format.ts';

const HEIGHT = 120;
const PLOT = 84;
const TOP = 16;

/** How long tasks took, as bars with the marks of half, nearly all and all but one in a hundred. */
export function HistogramChart({ data, hue }: { readonly data: Histogram; readonly hue: 'ok' | 'wait' }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { counts, edgesS, n } = data;
  const most = roundUp(Math.max(...counts, 1));
  const span = edgesS.at(-1) ?? 1;
  const first = edgesS[0] ?? 0;
  const x = (seconds: number): number => ((Math.min(seconds, span) - first) / Math.max(1e-9, span - first)) * width;
  const marks = [
    { name: 'p50', at: data.p50, line: 0 },
    { name: 'p95', at: data.p95, line: 1 },
    { name: 'p99', at: data.p99, line: 0 },
  ];
  const words = `${count(n)} tasks: half within ${roughDuration(data.p50 * 1000)}, 95 % within ${roughDuration(data.p95 * 1000)}, the longest ${roughDuration(data.max * 1000)}`;
  return (
    <div ref={box}>
      <svg class={`chart hue-${hue}`} viewBox={`0 0 ${Math.max(1, width)} ${HEIGHT}`} role="img" aria-label={words}>
        {counts.map((value, index) => {
          const left = x(edgesS[index] ?? 0);
          const barWidth = Math.max(1, x(edgesS[index + 1] ?? span) - left - 1);
          const height = (value / most) * (PLOT - 6);
          return value === 0 ? null : <rect key={edgesS[index]} x={left} y={TOP + PLOT - height} width={barWidth} height={Math.max(1, height)} class="cell-solid"><title>{`${count(value)}: ${roughDuration((edgesS[index] ?? 0) * 1000)} to ${roughDuration((edgesS[index + 1] ?? 0) * 1000)}`}</title></rect>;
        })}
        <path class="axis" d={`M0 ${TOP + PLOT + 0.5}H${width}`} />
        {n === 0 ? null : marks.map(({ name, at, line }) => (
          <g key={name}>
            <path class="mark" d={`M${x(at)} ${TOP + line * 12}V${TOP + PLOT}`} />
            <text class="mark-label" x={Math.min(x(at) + 4, width - 70)} y={TOP + line * 12 + 8}>{`${name} ${roughDuration(at * 1000)}`}</text>
          </g>
        ))}
        <text x="0" y={HEIGHT - 2}>{roughDuration(first * 1000)}</text>
        <text x={width} y={HEIGHT - 2} text-anchor="end">{roughDuration(span * 1000)}</text>
      </svg>
    </div>
  );
}
