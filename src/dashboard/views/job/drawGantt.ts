/** Draws a gantt. Failed bars are higher and running ones end in a point: hue is not needed to tell them apart. */
import type { Timeline, TimelineRun } from '../../../wire/own/timeline.ts';
import { palette, prepared, type Palette } from '../../charts/canvas.ts';
import { tickLabel, timeTicks } from '../../charts/axis.ts';
import { GANTT, ganttHeight, laneTop, OUTCOMES } from '../../charts/ganttGeometry.ts';
import { shortNode } from '../../text/clean.ts';
import { clockTime, type Zone } from '../../text/format.ts';

const FONT = '11px "Liberation Sans", Arial, sans-serif';
const MONO = '11px "Liberation Mono", monospace';
const COLOURS = { succeeded: 'ok-soft', failed: 'bad', running: 'run', preempted: 'go', requeued: 'hold' } as const satisfies Readonly<Record<(typeof OUTCOMES)[number], keyof Palette>>;

interface Drawn {
  readonly timeline: Timeline;
  readonly width: number;
  readonly now: number;
  readonly zone: Zone;
  readonly marked: { readonly lane: number; readonly run: TimelineRun } | null;
  /** What is being marked to be looked at: from one pixel of the plot to another. */
  readonly dragged: readonly [number, number] | null;
}

export function drawGantt(canvas: HTMLCanvasElement, drawn: Drawn): void {
  const { timeline, width, marked } = drawn;
  const heightPx = ganttHeight(timeline.lanes.length);
  const context = prepared(canvas, width, heightPx);
  if (context === null) return;
  const colours = palette();
  const plotPx = width - GANTT.labelPx;
  drawBusy(context, timeline, plotPx, colours);
  drawAxis(context, drawn, { plotPx, heightPx }, colours);
  timeline.lanes.forEach(({ node, slot }, lane) => {
    const y = laneTop(lane);
    context.fillStyle = colours.bg;
    context.fillRect(GANTT.labelPx, y, plotPx, GANTT.barPx);
    if (timeline.lanes[lane - 1]?.node === node && slot > 0) return;
    text(context, shortNode(node), 0, y + GANTT.barPx / 2 + 0.5, { font: MONO, colour: colours.text2 });
  });
  context.save();
  context.beginPath();
  context.rect(GANTT.labelPx, 0, plotPx, heightPx);
  context.clip();
  context.translate(GANTT.labelPx, 0);
  const scale = plotPx / timeline.width;
  timeline.lanes.forEach(({ runs }, lane) => {
    for (const run of runs) drawRun(context, run, { scale, y: laneTop(lane) }, colours);
  });
  if (marked !== null) {
    const [px, pixels] = marked.run;
    context.strokeStyle = colours.text;
    context.lineWidth = 1.5;
    context.strokeRect(px * scale - 1, laneTop(marked.lane) - 1, Math.max(3, pixels * scale) + 1, GANTT.barPx + 2);
  }
  if (drawn.dragged !== null) {
    const [one, other] = drawn.dragged;
    context.fillStyle = `${colours.accent}33`;
    context.fillRect(Math.min(one, other), 0, Math.abs(other - one), heightPx);
  }
  const nowX = ((drawn.now - timeline.from) / (timeline.to - timeline.from)) * plotPx;
  if (nowX <= plotPx && timeline.lanes.some(({ runs }) => runs.some(([, , outcome]) => OUTCOMES[outcome] === 'running'))) {
    context.strokeStyle = colours.text;
    context.lineWidth = 1;
    context.setLineDash([3, 3]);
    line(context, nowX, GANTT.busyPx, nowX, heightPx);
  }
  context.restore();
}

function drawRun(context: CanvasRenderingContext2D, [px, pixels, outcome]: TimelineRun, { scale, y }: { readonly scale: number; readonly y: number }, colours: Palette): void {
  const word = OUTCOMES[outcome];
  const [x, whole] = [px * scale, pixels * scale];
  // A gap to the next one, where there is room.
  const width = Math.max(1.5, whole > 4 ? whole - 1 : whole);
  context.fillStyle = colours[COLOURS[word]];
  if (word === 'failed') context.fillRect(x, y - 1, width, GANTT.barPx + 2);
  else if (word === 'running' && width > 6) {
    context.beginPath();
    context.moveTo(x, y + 1);
    context.lineTo(x + width - 4, y + 1);
    context.lineTo(x + width, y + GANTT.barPx / 2);
    context.lineTo(x + width - 4, y + GANTT.barPx - 1);
    context.lineTo(x, y + GANTT.barPx - 1);
    context.fill();
  } else if (word === 'preempted' || word === 'requeued') {
    // Lower, with an edge where it was cut off.
    context.fillRect(x, y + 3, width, GANTT.barPx - 5);
    context.fillRect(x + width - 1.5, y, 1.5, GANTT.barPx);
  } else context.fillRect(x, y + 1, width, GANTT.barPx - 2);
}

function drawBusy(context: CanvasRenderingContext2D, { busy }: Timeline, plotPx: number, colours: Palette): void {
  const most = busy.reduce((a, b) => Math.max(a, b), 1);
  text(context, `${most} slots busy`, 0, GANTT.busyPx / 2, { font: FONT, colour: colours.text3 });
  context.beginPath();
  context.moveTo(GANTT.labelPx, GANTT.busyPx);
  const scale = plotPx / Math.max(1, busy.length);
  busy.forEach((value, px) => context.lineTo(GANTT.labelPx + px * scale, GANTT.busyPx - (value / most) * (GANTT.busyPx - 4)));
  context.lineTo(GANTT.labelPx + plotPx, GANTT.busyPx);
  context.closePath();
  context.fillStyle = colours['run-w'];
  context.fill();
  context.strokeStyle = colours.run;
  context.lineWidth = 1;
  context.stroke();
}

function drawAxis(context: CanvasRenderingContext2D, { timeline: { from, to }, zone }: Drawn, { plotPx, heightPx }: { readonly plotPx: number; readonly heightPx: number }, colours: Palette): void {
  const offsetMs = zone === 'utc' ? 0 : -new Date(from).getTimezoneOffset() * 60_000;
  const ticks = timeTicks(from, to, Math.max(2, Math.floor(plotPx / 90)), offsetMs);
  for (const tick of ticks) {
    const x = GANTT.labelPx + ((tick - from) / (to - from)) * plotPx;
    context.fillStyle = colours.line;
    context.fillRect(Math.round(x), GANTT.busyPx + GANTT.axisPx - 3, 1, heightPx);
    if (x < GANTT.labelPx + 14 || x > GANTT.labelPx + plotPx - 14) continue;
    context.textAlign = 'center';
    text(context, tickLabel(clockTime(tick, { zone, now: tick }), ticks), x, GANTT.busyPx + GANTT.axisPx / 2 - 1, { font: FONT, colour: colours.text3 });
    context.textAlign = 'left';
  }
}

function text(context: CanvasRenderingContext2D, words: string, x: number, y: number, { font, colour }: { readonly font: string; readonly colour: string }): void {
  context.font = font;
  context.fillStyle = colour;
  context.textBaseline = 'middle';
  context.fillText(words, x, y);
}

function line(context: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}
