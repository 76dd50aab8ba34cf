import { useEffect, useRef, useState } from 'preact/hooks';
import type { Timeline, TimelineRun } from '../../../wire/own/timeline.ts';
import { useWidth } from '../../charts/canvas.ts';
import { GANTT, laneTop, laneUnder, OUTCOMES, runUnder } from '../../charts/ganttGeometry.ts';
import { zoomed, type TimeSpan } from '../../charts/timeSpan.ts';
import { now } from '../../client/live.ts';
import { own } from '../../client/own.ts';
import { change, go, route } from '../../client/place.ts';
import { useResource } from '../../client/resource.ts';
import { dark, zone } from '../../client/settings.ts';
import { Empty, Fault } from '../../parts/Card.tsx';
import { cut, shortNode, shownInLine } from '../../text/clean.ts';
import { clockTime, count, counted, duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { drawGantt } from './drawGantt.ts';
import { GanttTable } from './GanttTable.tsx';
import { traceOf } from '../../charts/trace.ts';
import { save } from '../task/download.ts';

/** So many at first, and more with each click; the service gives no more at once. */
const LANES = 200;
const MOST_LANES = 1_000;
const MOST_WIDTH = 4_000;
const FINER = 3;
const BEATS = 2;
/** Less is a click. */
const LEAST_DRAG_PX = 4;

interface Marked {
  readonly lane: number;
  readonly run: TimelineRun;
}

/** The window that the address names: `0-86400000`, in ms; null: all of the time. */
function windowOf(text: string | undefined): TimeSpan | null {
  const [, from, until] = /^(\d+)-(\d+)$/.exec(text ?? '') ?? [];
  return from === undefined || until === undefined ? null : { from: Number(from), to: Number(until) };
}

/** Attempts by node and slot over time, the slots in use above; by pixels, as the service counts them. */
export function Gantt({ job }: { readonly job: string }) {
  const [box, width] = useWidth<HTMLDivElement>();
  const { window: asked, as = '' } = route.value.query;
  const window = windowOf(asked);
  const [lanes, setLanes] = useState({ from: 0, count: LANES });
  const plotPx = Math.max(1, width - GANTT.labelPx);
  // Finer than the screen: attempts that follow each other closely are bars of their own.
  const query = { width: Math.min(MOST_WIDTH, plotPx * FINER), lanes: `${lanes.from}-${lanes.from + lanes.count - 1}`, order: 'failed', ...(window === null ? {} : { from: new Date(window.from).toISOString(), to: new Date(window.to).toISOString() }) };
  const { data, error, reload } = useResource(width === 0 ? null : JSON.stringify([job, query]), (signal) => own.timeline(job, query, signal), { beats: BEATS });
  // What was shown before stays until the other window is there.
  const latest = useRef<Timeline | undefined>(undefined);
  latest.current = data ?? latest.current;
  const timeline = latest.current;
  return (
    <div class="canvas-box" ref={box}>
      {error !== undefined && data === undefined ? <Fault error={error} retry={reload} /> : null}
      {timeline === undefined ? <div class="skeleton" /> : timeline.total.attempts === 0 && window === null ? <Empty>No task has started yet.</Empty> : as === 'table' ? <GanttTable job={job} timeline={timeline} /> : <Chart job={job} timeline={timeline} width={width} window={window} />}
      {timeline === undefined || timeline.total.lanes <= LANES ? null : <LanesShown lanes={lanes} total={timeline.total.lanes} show={setLanes} />}
    </div>
  );
}

interface LanesAsked {
  readonly from: number;
  readonly count: number;
}

/** Which lanes of many are on the screen, and a way to the others. */
function LanesShown({ lanes: { from, count: number }, total, show }: { readonly lanes: LanesAsked; readonly total: number; readonly show: (lanes: LanesAsked) => void }) {
  const until = Math.min(total, from + number);
  return (
    <p class="chips small">
      <span class="soft">Slots {count(from + 1)} to {count(until)} of {count(total)}</span>
      {number < Math.min(MOST_LANES, total - from) ? <button type="button" class="btn s" onClick={() => show({ from, count: Math.min(MOST_LANES, number + LANES) })}>{LANES} more</button> : null}
      {from === 0 ? null : <button type="button" class="btn s" onClick={() => show({ from: Math.max(0, from - LANES), count: LANES })}>Those before</button>}
      {until >= total ? null : <button type="button" class="btn s" onClick={() => show({ from: until, count: LANES })}>Those after</button>}
    </p>
  );
}

function Chart({ job, timeline, width, window }: { readonly job: string; readonly timeline: Timeline; readonly width: number; readonly window: TimeSpan | null }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const whole = useRef<TimeSpan>(timeline);
  if (window === null) whole.current = timeline;
  const [at, setAt] = useState<Marked | null>(null);
  /** The click that ends a drag is none. */
  const dragged = useRef(false);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const { lanes, from, to: until, total } = timeline;
  // Pixels of the service on one of the screen.
  const scale = timeline.width / Math.max(1, width - GANTT.labelPx);

  useEffect(() => {
    if (canvas.current !== null) drawGantt(canvas.current, { timeline, width, now: now.value, zone: zone.value, marked: at, dragged: drag });
  });
  void dark.value;

  function under(event: MouseEvent): Marked | null {
    const lane = laneUnder(event.offsetY);
    const run = runUnder(lanes[lane]?.runs ?? [], (event.offsetX - GANTT.labelPx) * scale, scale);
    return run === null ? null : { lane, run };
  }

  function open(marked: Marked | null): void {
    const task = marked?.run[5];
    if (task !== undefined) go(to(['jobs', job, 'tasks', task]));
    else if (marked !== null) zoom(timeAt(marked.run[0] + marked.run[1] / 2), 0.2);
  }

  function timeAt(px: number): number {
    return from + (px / timeline.width) * (until - from);
  }

  function zoom(around: number, factor: number): void {
    const next = zoomed({ from, to: until }, around, factor, whole.current);
    const isAll = next.to - next.from >= whole.current.to - whole.current.from;
    change({ window: isAll ? '' : `${Math.round(next.from)}-${Math.round(next.to)}` });
  }

  /** Within the plot, in pixels of the screen. */
  function plotPx(event: MouseEvent): number {
    return Math.max(0, Math.min(width - GANTT.labelPx, event.offsetX - GANTT.labelPx));
  }

  function onPointerDown(event: PointerEvent): void {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    canvas.current?.setPointerCapture(event.pointerId);
    setDrag([plotPx(event), plotPx(event)]);
  }

  function onPointerMove(event: PointerEvent): void {
    if (drag === null) setAt(under(event));
    else setDrag([drag[0], plotPx(event)]);
  }

  /** What was marked is looked at; a click opens what is under it. */
  function onPointerUp(event: PointerEvent): void {
    setDrag(null);
    const [one, other] = [drag?.[0] ?? 0, plotPx(event)];
    if (drag === null || Math.abs(other - one) < LEAST_DRAG_PX) return;
    dragged.current = true;
    change({ window: `${Math.round(timeAt(Math.min(one, other) * scale))}-${Math.round(timeAt(Math.max(one, other) * scale))}` });
  }

  function onClick(event: MouseEvent): void {
    if (!dragged.current) open(under(event));
    dragged.current = false;
  }

  function onWheel(event: WheelEvent): void {
    if (!event.ctrlKey) return;
    event.preventDefault();
    zoom(timeAt((event.offsetX - GANTT.labelPx) * scale), event.deltaY > 0 ? 1.25 : 0.8);
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === '+' || event.key === '-') zoom((from + until) / 2, event.key === '-' ? 1.5 : 0.66);
    else if (event.key === 'Enter') open(at);
    else if (event.key === 'Escape') setAt(null);
    else {
      const next = neighbour(timeline, at, event.key);
      if (next === undefined) return;
      setAt(next);
    }
    event.preventDefault();
  }

  const words = `${counted(total.attempts, 'attempt')} in ${counted(total.lanes, 'slot')}`;
  return (
    <>
      <canvas ref={canvas} role="img" tabIndex={0} aria-label={`${words}. Arrows move from bar to bar, Enter opens its task, plus and minus zoom.`} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={() => setDrag(null)} onPointerLeave={() => setAt(null)} onBlur={() => setAt(null)} onWheel={onWheel} onDblClick={() => change({ window: '' })} onClick={onClick} onKeyDown={onKey} />
      <p class="unseen" aria-live="polite">{at === null ? '' : `${wordOf(at.run)} on node ${shortNode(lanes[at.lane]?.node ?? '')}, ${spanText(timeline, at.run)}`}</p>
      {at === null ? null : <Pop timeline={timeline} marked={at} width={width} />}
      <p class="soft small between">
        <span>{total.isAll ? '' : 'Earlier attempts are still being read. '}Nodes with failures first. Mark a time to look at it, or Ctrl with the wheel; a click opens the task.</span>
        <span class="acts">
          {window === null ? null : <button type="button" class="link" onClick={() => change({ window: '' })}>All of the time</button>}
          <button type="button" class="link" onClick={() => save(new Blob([JSON.stringify(traceOf(timeline))]), `${job}.trace.json`)}>Save as trace</button>
        </span>
      </p>
    </>
  );
}

function wordOf([, , outcome, n, , task]: TimelineRun): string {
  return `${task ?? counted(n, 'attempt')}, ${OUTCOMES[outcome]}`;
}

function spanText({ from, to: until, width }: Timeline, [, pixels]: TimelineRun): string {
  return `about ${duration((pixels / width) * (until - from))}`;
}

/** The bar beside, or in the lane above or below; undefined: the key moves nothing. */
function neighbour({ lanes }: Timeline, at: Marked | null, key: string): Marked | undefined {
  const along = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const across = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (along === undefined && across === undefined) return undefined;
  const lane = Math.max(0, Math.min(lanes.length - 1, (at?.lane ?? 0) + (across ?? 0)));
  const runs = lanes[lane]?.runs ?? [];
  const place = at === null || across !== undefined ? runs.findIndex(([px]) => px >= (at?.run[0] ?? 0)) : runs.indexOf(at.run) + (along ?? 0);
  const run = runs[Math.max(0, Math.min(runs.length - 1, place === -1 ? runs.length - 1 : place))];
  return run === undefined ? undefined : { lane, run };
}

function Pop({ timeline, marked: { lane, run }, width }: { readonly timeline: Timeline; readonly marked: Marked; readonly width: number }) {
  const [px, , outcome, n, , task] = run;
  const startedAt = timeline.from + (px / timeline.width) * (timeline.to - timeline.from);
  return (
    <div class="pop" style={{ left: `${Math.max(0, Math.min(GANTT.labelPx + (px / timeline.width) * (width - GANTT.labelPx) + 12, width - 240))}px`, top: `${laneTop(lane) + 18}px` }}>
      <b class="mono">{task === undefined ? counted(n, 'attempt') : cut(shownInLine(task), 36)}</b>
      <dl class="facts">
        <dt>{OUTCOMES[outcome]}</dt>
        <dd>{spanText(timeline, run)}</dd>
        <dt>node</dt>
        <dd class="mono">{shortNode(timeline.lanes[lane]?.node ?? '')}, slot {timeline.lanes[lane]?.slot}</dd>
        <dt>from</dt>
        <dd>{clockTime(startedAt, { zone: zone.value, now: now.value })}</dd>
      </dl>
    </div>
  );
}

