import { useEffect, useRef, useState } from 'preact/hooks';
import { palette, prepared, useWidth } from '../../charts/canvas.ts';
import { drawHeat, redrawHeat, type HeatScene } from '../../charts/drawHeat.ts';
import { cellAt, cellUnder, heatLayout, type CellSize } from '../../charts/heatLayout.ts';
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

  const drawn = useRef<{ readonly shape: string; readonly scene: HeatScene } | undefined>(undefined);
  useEffect(() => {
    if (canvas.current === null || width === 0) return;
    const shape = JSON.stringify([layout, width, window.devicePixelRatio, slotsPerNode, highlighted, dark.value, nodes.length]);
    const before = drawn.current;
    const isSame = before?.shape === shape;
    const context = isSame ? canvas.current.getContext('2d') : prepared(canvas.current, width, Math.max(layout.cellPx, layout.heightPx));
    if (context === null) return;
    const scene = { cells: nodes, layout, slotsPerNode, highlighted, marked: at, colours: isSame ? before.scene.colours : palette() };
    if (isSame) redrawHeat(context, before.scene, scene);
    else drawHeat(context, scene);
    drawn.current = { shape, scene };
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
