import type { SimulatedMoment, SimulatedSeries } from '../../wire/own/simulation.ts';
import { nextStep, timeLabel, timeStep } from './scale.ts';

/** What is drawn of one pool. */
export interface Drawn {
  readonly name: string;
  readonly series: SimulatedSeries;
  readonly spanMs: number;
}

const [WIDTH, LEFT, RIGHT, PANEL, GAP, TOP] = [960, 64, 24, 170, 62, 64];
const PLOT = WIDTH - LEFT - RIGHT;
/** More columns than that nobody sees. */
const MOST_COLUMNS = 440;

interface Curve {
  readonly label: string;
  readonly values: (moment: Readonly<Record<keyof SimulatedMoment, number>>) => number;
  readonly style: 'area' | 'soft' | 'line' | 'dashed';
  readonly colour: string;
}

interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly curves: readonly { readonly drawn: Drawn; readonly curve: Curve }[];
}

/**
 * Targets, nodes and tasks over time as SVG; of two pools their curves in one picture. Its colours follow the light or
 * dark of the page.
 */
export function drawChart(title: string, drawn: readonly Drawn[]): string {
  const [first, ...others] = drawn;
  const panels = first !== undefined && others.length === 0 ? panelsOfOne(first) : panelsOfTwo(drawn);
  const spanMs = Math.max(1, ...drawn.map((one) => one.spanMs));
  const height = TOP + panels.length * (PANEL + GAP) - GAP + 44;
  const parts = panels.map((panel, index) => drawPanel(panel, TOP + index * (PANEL + GAP), spanMs, index === panels.length - 1));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="page" width="${WIDTH}" height="${height}" rx="8"/>
<text class="head" x="${LEFT}" y="30">${escaped(title)}</text>
${parts.join('\n')}
</svg>
`;
}

const STYLE = `
.page{fill:#fff}text{fill:#57606a}.head{fill:#1f2328;font-size:16px;font-weight:600}.name{fill:#1f2328;font-weight:600}
.grid{stroke:#d8dee4}.axis{stroke:#8c959f}path{fill:none;stroke-width:1.6;stroke-linejoin:round}
.blue{stroke:#0969da}.green{stroke:#2da44e}.orange{stroke:#d4660a}.grey{stroke:#6e7781}
.dashed{stroke-dasharray:5 3}.area.blue,.soft.blue{fill:#0969da}.area.green,.soft.green{fill:#2da44e}.area.orange,.soft.orange{fill:#d4660a}
.area{fill-opacity:.28}.soft{fill-opacity:.12}
@media(prefers-color-scheme:dark){.page{fill:#0d1117}text{fill:#9198a1}.head,.name{fill:#e6edf3}.grid{stroke:#262c36}.axis{stroke:#656c76}
.blue{stroke:#58a6ff}.green{stroke:#3fb950}.orange{stroke:#f0883e}.grey{stroke:#9198a1}
.area.blue,.soft.blue{fill:#58a6ff}.area.green,.soft.green{fill:#3fb950}.area.orange,.soft.orange{fill:#f0883e}}
`;

function panelsOfOne(drawn: Drawn): Panel[] {
  const has = (measure: keyof SimulatedMoment): boolean => drawn.series[measure].some((value) => value > 0);
  const nodes: Curve[] = [
    // Behind the dedicated ones, on top of which they stand.
    ...(has('lowPriority') ? [{ label: 'low-priority', values: ({ dedicated, lowPriority }: SimulatedMoment) => dedicated + lowPriority, style: 'area', colour: 'green' } as const] : []),
    ...(has('dedicated') || !has('lowPriority') ? [{ label: 'dedicated', values: ({ dedicated }: SimulatedMoment) => dedicated, style: 'area', colour: 'blue' } as const] : []),
    { label: 'target', values: ({ targetDedicated, targetLowPriority }) => targetDedicated + targetLowPriority, style: 'dashed', colour: 'grey' },
  ];
  const tasks: Curve[] = [
    { label: 'waiting', values: ({ waiting }) => waiting, style: 'area', colour: 'orange' },
    { label: 'running', values: ({ running }) => running, style: 'line', colour: 'blue' },
  ];
  const of = (curves: readonly Curve[]): Panel['curves'] => curves.map((curve) => ({ drawn, curve }));
  return [
    { title: 'Nodes', unit: 'nodes', curves: of(nodes) },
    { title: 'Tasks', unit: 'tasks', curves: of(tasks) },
  ];
}

function panelsOfTwo(all: readonly Drawn[]): Panel[] {
  const each = (style: Curve['style'], values: Curve['values'], suffix = ''): Panel['curves'] =>
    all.map((drawn, index) => ({ drawn, curve: { label: `${drawn.name}${suffix}`, values, style, colour: index === 0 ? 'blue' : 'orange' } }));
  return [
    {
      title: 'Nodes',
      unit: 'nodes',
      curves: [...each('soft', ({ dedicated, lowPriority }) => dedicated + lowPriority), ...each('dashed', ({ targetDedicated, targetLowPriority }) => targetDedicated + targetLowPriority, ', target')],
    },
    { title: 'Tasks that wait', unit: 'tasks', curves: each('soft', ({ waiting }) => waiting) },
    { title: 'Tasks that run', unit: 'tasks', curves: each('line', ({ running }) => running) },
  ];
}

function drawPanel({ title, unit, curves }: Panel, top: number, spanMs: number, isLast: boolean): string {
  const sampled = curves.map(({ drawn, curve }) => ({ drawn, curve, columns: columnsOf(drawn.series, curve.values) }));
  const most = Math.max(1, ...sampled.flatMap(({ columns }) => columns));
  const step = nextStep(most / 4);
  const ceiling = Math.ceil(most / step) * step;
  const x = (ms: number): string => short(LEFT + (PLOT * ms) / spanMs);
  const y = (value: number): string => short(top + PANEL - (PANEL * value) / ceiling);
  const lines = Array.from({ length: Math.round(ceiling / step) + 1 }, (_, index) => index * step).map(
    (value) => `<line class="${value === 0 ? 'axis' : 'grid'}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"/><text x="${LEFT - 8}" y="${Number(y(value)) + 4}" text-anchor="end">${value.toLocaleString('en')}</text>`,
  );
  const timeStepMs = timeStep(spanMs);
  const times = Array.from({ length: Math.floor(spanMs / timeStepMs) + 1 }, (_, index) => index * timeStepMs).map(
    (ms) => `<line class="grid" x1="${x(ms)}" x2="${x(ms)}" y1="${top}" y2="${top + PANEL}"/><text x="${x(ms)}" y="${top + PANEL + 17}" text-anchor="middle">${timeLabel(ms, timeStepMs)}</text>`,
  );
  const paths = sampled.map(({ drawn, curve, columns }) => pathOf(columns, drawn, curve, { x, y, foot: y(0) }));
  const axisName = isLast ? `<text x="${LEFT + PLOT / 2}" y="${top + PANEL + 36}" text-anchor="middle">time since the beginning</text>` : '';
  return `<text class="name" x="${LEFT}" y="${top - 14}">${title}</text><text x="${LEFT - 8}" y="${top - 14}" text-anchor="end">${unit}</text>
${legend(curves.map(({ curve }) => curve), top - 18)}
${times.join('')}
${lines.join('')}
${paths.join('\n')}${axisName}`;
}

function columnsOf(series: SimulatedSeries, values: Curve['values']): number[] {
  const length = series.waiting.length;
  const group = Math.max(1, Math.ceil(length / MOST_COLUMNS));
  const at = (step: number): number =>
    values({
      targetDedicated: series.targetDedicated[step] ?? 0,
      targetLowPriority: series.targetLowPriority[step] ?? 0,
      dedicated: series.dedicated[step] ?? 0,
      lowPriority: series.lowPriority[step] ?? 0,
      waiting: series.waiting[step] ?? 0,
      running: series.running[step] ?? 0,
    });
  return Array.from({ length: Math.ceil(length / group) }, (_, column) => Math.max(...Array.from({ length: Math.min(group, length - column * group) }, (_, step) => at(column * group + step))));
}

function pathOf(columns: readonly number[], { series, spanMs }: Drawn, { style, colour }: Curve, { x, y, foot }: { readonly x: (ms: number) => string; readonly y: (value: number) => string; readonly foot: string }): string {
  const columnMs = series.stepMs * Math.max(1, Math.ceil(series.waiting.length / MOST_COLUMNS));
  const isFilled = style === 'area' || style === 'soft';
  let path = isFilled ? `M${x(0)} ${foot}V${y(columns[0] ?? 0)}` : `M${x(0)} ${y(columns[0] ?? 0)}`;
  for (const [index, value] of columns.entries()) {
    if (index > 0 && value !== columns[index - 1]) path += `H${x(Math.min(index * columnMs, spanMs))}V${y(value)}`;
  }
  path += `H${x(spanMs)}${isFilled ? `V${foot}` : ''}`;
  return `<path class="${style} ${colour}" d="${path}"/>`;
}

/** From the right, in one line. */
function legend(curves: readonly Curve[], y: number): string {
  let x = WIDTH - RIGHT;
  return [...curves]
    .reverse()
    .map(({ label, style, colour }) => {
      const text = label.length > 40 ? `${label.slice(0, 39)}…` : label;
      const at = x;
      x -= 7 * text.length + 44;
      const sign = style === 'area' || style === 'soft' ? `M${x + 20} ${y + 4}h18v-8h-18z` : `M${x + 20} ${y}h18`;
      return `<path class="${style} ${colour}" d="${sign}"/><text x="${at}" y="${y + 4}" text-anchor="end">${escaped(text)}</text>`;
    })
    .join('');
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
