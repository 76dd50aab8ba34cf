import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { prepared, palette, useWidth, type Palette } from '../../charts/canvas.ts';
import { timeTicks, tickLabel } from '../../charts/axis.ts';
import { busyOver, lanesOf, spanOf, zoomed, type Bar, type Lane, type Outcome, type Span } from '../../charts/lanes.ts';
import { now } from '../../client/live.ts';
import { go } from '../../client/place.ts';
import { dark, zone } from '../../client/settings.ts';
import { cut, shortNode, shownInLine } from '../../text/clean.ts';
import { clockTime, count, duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

const LABEL_PX = 84;
const BUSY_PX = 30;
const AXIS_PX = 20;
const LANE_PX = 11;
const BAR_PX = 9;
const TOP_PX = BUSY_PX + AXIS_PX;
const MOST_LANES = 200;
const FONT = '11px "Liberation Sans", Arial, sans-serif';
const MONO = '11px "Liberation Mono", monospace';
const COLOURS: Readonly<Record<Outcome, keyof Palette>> = { succeeded: 'ok-soft', failed: 'bad', running: 'run', preempted: 'go' };

interface GanttProps {
  readonly job: string;
  readonly bars: readonly Bar[];
}

/** Attempts by node and slot over time, the slots in use above. */
export function Gantt({ job, bars }: GanttProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [window, setWindow] = useState<Span | null>(null);
  const [at, setAt] = useState<{ readonly bar: Bar; readonly x: number; readonly y: number } | null>(null);
  const lanes = useMemo(() => lanesOf(bars).slice(0, MOST_LANES), [bars]);
  const whole = spanOf(bars, now.value);
  const span = window ?? whole;
  const plotPx = Math.max(0, width - LABEL_PX);
  const heightPx = TOP_PX + lanes.length * LANE_PX + 4;
  const xOf = (time: number): number => LABEL_PX + ((time - span.from) / (span.to - span.from)) * plotPx;

  useEffect(() => {
    const context = canvas.current === null || width === 0 ? null : prepared(canvas.current, width, heightPx);
    if (context !== null) draw(context, { lanes, bars, span, plotPx, heightPx, now: now.value, marked: at?.bar ?? null }, palette(), xOf);
  });
  void dark.value;

  function barUnder(x: number, y: number): Bar | null {
    const lane = lanes[Math.floor((y - TOP_PX) / LANE_PX)];
    const found = lane?.bars.filter((bar) => x >= xOf(bar.from) - 1 && x <= Math.max(xOf(bar.to ?? now.value), xOf(bar.from) + 3) + 1);
    return found?.at(-1) ?? null;
  }

  function onMove(event: PointerEvent): void {
    const bar = barUnder(event.offsetX, event.offsetY);
    setAt(bar === null ? null : { bar, x: event.offsetX, y: event.offsetY });
  }

  function zoom(around: number, factor: number): void {
    const next = zoomed(span, around, factor, whole);
    setWindow(next.to - next.from >= whole.to - whole.from ? null : next);
  }

  function onWheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(span.from + ((event.offsetX - LABEL_PX) / plotPx) * (span.to - span.from), event.deltaY > 0 ? 1.25 : 0.8);
  }

  function onKey(event: KeyboardEvent): void {
    const all = lanes.flatMap((lane) => lane.bars);
    const index = at === null ? -1 : all.indexOf(at.bar);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === '+' || event.key === '-') zoom((span.from + span.to) / 2, event.key === '-' ? 1.5 : 0.66);
    else if (event.key === 'Enter' && at !== null) go(to(['jobs', job, 'tasks', at.bar.task]));
    else if (step !== undefined) {
      const lane = event.key === 'ArrowDown' || event.key === 'ArrowUp' ? lanes[Math.max(0, Math.min(lanes.length - 1, lanes.findIndex(({ bars: of }) => at !== null && of.includes(at.bar)) + step))] : undefined;
      const bar = lane?.bars[0] ?? all[Math.max(0, Math.min(all.length - 1, index + step))];
      if (bar !== undefined) setAt({ bar, x: Math.min(width - 20, Math.max(LABEL_PX, xOf(bar.from))), y: TOP_PX + lanes.findIndex(({ bars: of }) => of.includes(bar)) * LANE_PX });
    } else return;
    event.preventDefault();
  }

  const words = `${count(bars.length)} attempts on ${count(new Set(bars.map(({ node }) => node)).size)} nodes: ${(['succeeded', 'failed', 'running'] as const).map((outcome) => `${count(bars.filter((bar) => bar.outcome === outcome).length)} ${outcome}`).join(', ')}`;
  return (
    <div class="canvas-box" ref={box}>
      <canvas
        ref={canvas}
        role="img"
        tabIndex={0}
        aria-label={`${words}. Arrows move from bar to bar, Enter opens its task, plus and minus zoom.`}
        onPointerMove={onMove}
        onPointerLeave={() => setAt(null)}
        onWheel={onWheel}
        onDblClick={() => setWindow(null)}
        onClick={(event) => {
          const bar = barUnder(event.offsetX, event.offsetY);
          if (bar !== null) go(to(['jobs', job, 'tasks', bar.task]));
        }}
        onKeyDown={onKey}
      />
      <p class="unseen" aria-live="polite">{at === null ? '' : describe(at.bar)}</p>
      {at === null ? null : (
        <div class="pop" style={{ left: `${Math.min(at.x + 12, Math.max(0, width - 240))}px`, top: `${at.y + 16}px` }}>
          <b class="mono">{cut(shownInLine(at.bar.task), 36)}</b>
          <dl class="facts">
            <dt>{at.bar.outcome}</dt>
            <dd>{duration((at.bar.to ?? now.value) - at.bar.from)}</dd>
            <dt>node</dt>
            <dd class="mono">{shortNode(at.bar.node)}</dd>
            <dt>started</dt>
            <dd>{clockTime(at.bar.from, { zone: zone.value, now: now.value })}</dd>
          </dl>
        </div>
      )}
      {window === null ? null : (
        <button type="button" class="link" onClick={() => setWindow(null)}>
          Show all of the time
        </button>
      )}
    </div>
  );
}

function describe({ task, outcome, node, from, to: end }: Bar): string {
  return `${task}, ${outcome}, ${duration((end ?? Date.now()) - from)} on node ${shortNode(node)}`;
}

interface Drawn {
  readonly lanes: readonly Lane[];
  readonly bars: readonly Bar[];
  readonly span: Span;
  readonly plotPx: number;
  readonly heightPx: number;
  readonly now: number;
  readonly marked: Bar | null;
}

function draw(context: CanvasRenderingContext2D, drawn: Drawn, colours: Palette, xOf: (time: number) => number): void {
  drawBusy(context, drawn, colours);
  drawAxis(context, drawn, colours, xOf);
  const { lanes, plotPx, marked } = drawn;
  context.save();
  lanes.forEach((lane, row) => {
    const y = TOP_PX + row * LANE_PX;
    context.fillStyle = colours.bg;
    context.fillRect(LABEL_PX, y, plotPx, BAR_PX);
    if (lane.slot === 0) {
      context.font = MONO;
      context.fillStyle = colours.text2;
      context.textBaseline = 'middle';
      context.textAlign = 'left';
      context.fillText(shortNode(lane.node), 0, y + BAR_PX / 2 + 0.5);
    }
  });
  context.beginPath();
  context.rect(LABEL_PX, 0, plotPx, drawn.heightPx);
  context.clip();
  lanes.forEach((lane, row) => {
    const y = TOP_PX + row * LANE_PX;
    for (const bar of lane.bars) drawBar(context, { x: xOf(bar.from), until: xOf(bar.to ?? drawn.now), y, outcome: bar.outcome }, colours);
    if (marked !== null && lane.bars.includes(marked)) {
      context.strokeStyle = colours.text;
      context.lineWidth = 1.5;
      context.strokeRect(xOf(marked.from) - 1, y - 1, Math.max(3, xOf(marked.to ?? drawn.now) - xOf(marked.from)) + 1, BAR_PX + 2);
    }
  });
  const nowX = xOf(drawn.now);
  if (drawn.bars.some(({ to: end }) => end === null)) {
    context.strokeStyle = colours.text;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    context.beginPath();
    context.moveTo(nowX, BUSY_PX);
    context.lineTo(nowX, drawn.heightPx);
    context.stroke();
  }
  context.restore();
}

/** Failed ones are as high as their lane, running ones end in a point: hue is not needed to tell them apart. */
function drawBar(context: CanvasRenderingContext2D, { x, until, y, outcome }: { readonly x: number; readonly until: number; readonly y: number; readonly outcome: Outcome }, colours: Palette): void {
  const width = Math.max(1.5, until - x - (until - x > 4 ? 1 : 0));
  context.fillStyle = colours[COLOURS[outcome]];
  if (outcome === 'failed') context.fillRect(x, y - 1, width, BAR_PX + 2);
  else if (outcome === 'running' && width > 6) {
    context.beginPath();
    context.moveTo(x, y + 1);
    context.lineTo(x + width - 4, y + 1);
    context.lineTo(x + width, y + BAR_PX / 2);
    context.lineTo(x + width - 4, y + BAR_PX - 1);
    context.lineTo(x, y + BAR_PX - 1);
    context.fill();
  } else context.fillRect(x, y + 1, width, BAR_PX - 2);
  if (outcome === 'preempted') context.fillRect(x + width - 2, y - 1, 2, BAR_PX + 2);
}

function drawBusy(context: CanvasRenderingContext2D, { bars, span, plotPx }: Drawn, colours: Palette): void {
  const columns = Math.max(1, Math.floor(plotPx / 2));
  const busy = busyOver(bars, span, columns);
  const most = busy.reduce((a, b) => Math.max(a, b), 1);
  context.font = FONT;
  context.fillStyle = colours.text3;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  context.fillText(`${most} at a time`, 0, BUSY_PX / 2);
  context.beginPath();
  context.moveTo(LABEL_PX, BUSY_PX);
  busy.forEach((value, column) => context.lineTo(LABEL_PX + column * 2, BUSY_PX - (value / most) * (BUSY_PX - 4)));
  context.lineTo(LABEL_PX + columns * 2, BUSY_PX);
  context.closePath();
  context.fillStyle = colours['run-w'];
  context.fill();
  context.strokeStyle = colours.run;
  context.lineWidth = 1;
  context.stroke();
}

function drawAxis(context: CanvasRenderingContext2D, { span, plotPx, heightPx }: Drawn, colours: Palette, xOf: (time: number) => number): void {
  const offsetMs = zone.value === 'utc' ? 0 : -new Date(span.from).getTimezoneOffset() * 60_000;
  const ticks = timeTicks(span.from, span.to, Math.max(2, Math.floor(plotPx / 90)), offsetMs);
  context.font = FONT;
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  for (const tick of ticks) {
    const x = xOf(tick);
    context.fillStyle = colours.line;
    context.fillRect(Math.round(x), BUSY_PX + AXIS_PX - 3, 1, heightPx - BUSY_PX - AXIS_PX + 3);
    context.fillStyle = colours.text3;
    const label = tickLabel(clockTime(tick, { zone: zone.value, now: tick }), ticks);
    if (x > LABEL_PX + 14 && x < LABEL_PX + plotPx - 14) context.fillText(label, x, BUSY_PX + AXIS_PX / 2 - 1);
  }
}
