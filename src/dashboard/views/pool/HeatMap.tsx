import { useEffect, useRef, useState } from 'preact/hooks';
import { CELL_PICTURES } from '../../charts/cellDrawing.ts';
import { palette, prepared, useWidth, type Palette } from '../../charts/canvas.ts';
import { cellAt, cellUnder, heatLayout, type CellSize, type HeatLayout } from '../../charts/heatLayout.ts';
import { nodeLook } from '../../charts/states.ts';
import type { Node } from '../../client/batch.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { go } from '../../client/place.ts';
import { dark } from '../../client/settings.ts';
import { Slots } from '../../parts/Slots.tsx';
import { NodeBadge } from '../../parts/states.tsx';
import { Since } from '../../parts/text.tsx';
import { shown, shortNode } from '../../text/clean.ts';
import { count } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import type { MapNode } from './loadNodes.ts';

interface HeatProps {
  readonly pool: string;
  readonly label: string;
  readonly nodes: readonly MapNode[];
  readonly slotsPerNode: number;
  readonly zoom?: CellSize | undefined;
  /** Others recede; '': none does. */
  readonly highlighted: string;
}

/** Each node a cell, filled from below by its slots in use; never by state, so that a cell keeps its place. */
export function HeatMap({ pool, label, nodes, slotsPerNode, zoom, highlighted }: HeatProps) {
  const [box, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const layout = heatLayout(nodes.length, { widthPx: Math.max(60, width), ...(zoom === undefined ? {} : { zoom }) });

  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    const context = prepared(canvas.current, width, Math.max(layout.cellPx, layout.heightPx));
    if (context === null) return;
    const colours = palette();
    nodes.forEach((node, index) => drawCell(context, { node, index, layout, slotsPerNode, faded: highlighted !== '' && node.state !== highlighted, marked: index === at }, colours));
  });
  void dark.value;

  function open(index: number | null): void {
    const node = index === null ? undefined : nodes[index];
    if (node !== undefined) go(to(['pools', pool, 'nodes', node.id]));
  }

  function onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: layout.columns, ArrowUp: -layout.columns }[event.key];
    if (event.key === 'Enter') open(at);
    else if (event.key === 'Escape') setAt(null);
    else if (step !== undefined) setAt(Math.max(0, Math.min(nodes.length - 1, (at ?? -step) + step)));
    else return;
    event.preventDefault();
  }

  const states = new Map<string, number>();
  for (const { state } of nodes) states.set(state, (states.get(state) ?? 0) + 1);
  const words = [...states].map(([state, number]) => `${count(number)} ${nodeLook(state).word}`).join(', ');
  const marked = at === null ? undefined : nodes[at];
  const place = at === null ? { x: 0, y: 0 } : cellAt(at, layout);
  return (
    <div>
      <h3>{label} <span class="soft">{count(nodes.length)}</span></h3>
      <div class="canvas-box" ref={box}>
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={`${count(nodes.length)} ${label.toLowerCase()} nodes: ${words}. Arrows move from node to node, Enter opens one.`}
          onPointerMove={(event) => setAt(cellUnder(event.offsetX, event.offsetY, layout, nodes.length))}
          onPointerLeave={() => setAt(null)}
          onClick={(event) => open(cellUnder(event.offsetX, event.offsetY, layout, nodes.length))}
          onKeyDown={onKey}
          onBlur={() => setAt(null)}
        />
        <p class="unseen" aria-live="polite">{marked === undefined ? '' : `node ${shortNode(marked.id)}, ${nodeLook(marked.state).word}, ${marked.slots} of ${slotsPerNode} slots`}</p>
        {marked === undefined ? null : (
          <div class="pop" style={{ left: `${Math.max(0, Math.min(place.x + layout.cellPx + 6, width - 260))}px`, top: `${place.y + layout.cellPx + 6}px` }}>
            <NodeFacts pool={pool} node={marked} slotsPerNode={slotsPerNode} />
          </div>
        )}
      </div>
    </div>
  );
}

/** What is known of a node; why it is in trouble is asked for. */
function NodeFacts({ pool, node: { id, state, slots, since }, slotsPerNode }: { readonly pool: string; readonly node: MapNode; readonly slotsPerNode: number }) {
  const path = pathOf('pools', pool, 'nodes', id);
  const isTrouble = nodeLook(state).trouble === true;
  const { data } = useResource(isTrouble ? path : null, (signal) => ask<Node>(path, { query: { $select: 'id,startTaskInfo,errors' }, signal }), { beats: 0 });
  const failure = data?.startTaskInfo?.failureInfo;
  return (
    <>
      <b class="mono">{shortNode(id)}</b> <NodeBadge state={state} />
      <dl class="facts">
        <dt>slots</dt>
        <dd><Slots used={slots} all={slotsPerNode} /></dd>
        <dt>for</dt>
        <dd><Since at={since} /></dd>
        {failure === undefined ? null : (
          <>
            <dt>start task</dt>
            <dd>exit {data?.startTaskInfo?.exitCode}: {shown(failure.message ?? failure.code)}</dd>
          </>
        )}
        {(data?.errors ?? []).map(({ code = '', message = '' }) => [<dt key={`${code} code`}>{shown(code)}</dt>, <dd key={code}>{shown(message)}</dd>])}
      </dl>
    </>
  );
}

interface Cell {
  readonly node: MapNode;
  readonly index: number;
  readonly layout: HeatLayout;
  readonly slotsPerNode: number;
  readonly faded: boolean;
  readonly marked: boolean;
}

/** From this size on the picture of a state is drawn, and from the next one the end of the id. */
const PICTURE_PX = 10;
const NAME_PX = 28;

function drawCell(context: CanvasRenderingContext2D, { node, index, layout, slotsPerNode, faded, marked }: Cell, colours: Palette): void {
  const { x, y } = cellAt(index, layout);
  const size = layout.cellPx;
  const { hue, drawing, trouble = false } = nodeLook(node.state);
  const { solid, areas, lines } = CELL_PICTURES[drawing];
  context.save();
  context.translate(x, y);
  context.globalAlpha = faded ? 0.22 : 1;
  const colour = colours[hue];
  if (node.state === 'running') {
    const used = Math.max(1, Math.min(slotsPerNode, node.slots));
    context.fillStyle = colours['run-w'];
    context.fillRect(0, 0, size, size);
    const height = Math.round((used / slotsPerNode) * size);
    context.fillStyle = colour;
    context.fillRect(0, size - height, size, height);
    if (size >= NAME_PX) name(context, node, size, height > size / 2 ? '#fff' : colours.text2);
  } else {
    // Trouble is seen however small cells are.
    const grown = trouble && size < PICTURE_PX ? 1 : 0;
    context.fillStyle = colour;
    context.strokeStyle = colour;
    if (solid || size < PICTURE_PX) context.fillRect(-grown, -grown, size + 2 * grown, size + 2 * grown);
    else {
      context.lineWidth = Math.max(1, size / 12);
      context.strokeRect(context.lineWidth / 2, context.lineWidth / 2, size - context.lineWidth, size - context.lineWidth);
    }
    if (size >= PICTURE_PX) {
      context.scale(size / 12, size / 12);
      // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas is no array
      if (areas !== undefined) context.fill(new Path2D(areas));
      if (lines !== undefined) {
        context.strokeStyle = solid ? (hue === 'bad' ? '#fff' : colours.surface) : colour;
        context.lineWidth = 1.5;
        context.stroke(new Path2D(lines));
      }
      context.scale(12 / size, 12 / size);
    }
    if (size >= NAME_PX && drawing === 'outline') name(context, node, size, colours.text3);
  }
  if (marked) {
    context.globalAlpha = 1;
    context.strokeStyle = colours.text;
    context.lineWidth = 2;
    context.strokeRect(-1, -1, size + 2, size + 2);
  }
  context.restore();
}

function name(context: CanvasRenderingContext2D, { id }: MapNode, size: number, colour: string): void {
  context.fillStyle = colour;
  context.font = '9px "Liberation Mono", monospace';
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.fillText(id.replace(/_[dp]$/, '').slice(-4), size / 2, size - 4);
}
