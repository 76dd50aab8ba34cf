/** A heat map on its canvas: all of it once, then the cells that have changed. */
import { CELL_PICTURES } from './cellDrawing.ts';
import type { Palette } from './canvas.ts';
import { changedCells, type HeatCell } from './heatChanges.ts';
import { cellAt, type HeatLayout } from './heatLayout.ts';
import { nodeLook } from './states.ts';

/** All that a map is drawn from. */
export interface HeatScene {
  readonly cells: readonly HeatCell[];
  readonly layout: HeatLayout;
  readonly slotsPerNode: number;
  /** Nodes in other states recede; '': none does. */
  readonly highlighted: string;
  /** The cell with a frame; null: none. */
  readonly marked: number | null;
  readonly colours: Palette;
}

/** From this size on the picture of a state is drawn, and from the next one the end of the id. */
const PICTURE_PX = 10;
const NAME_PX = 28;

/** On an empty canvas. */
export function drawHeat(context: CanvasRenderingContext2D, scene: HeatScene): void {
  for (let index = 0; index < scene.cells.length; index += 1) drawCell(context, scene, index);
  if (scene.marked !== null) drawCell(context, scene, scene.marked);
}

/** On a canvas that shows `before`, which differs in its cells and the mark alone. */
export function redrawHeat(context: CanvasRenderingContext2D, before: HeatScene, scene: HeatScene): void {
  const { layout, marked } = scene;
  const reaches = (index: number): boolean => index === before.marked || grownBy(before, index) + grownBy(scene, index) > 0;
  const { changed, beside } = changedCells(before.cells, scene.cells, { columns: layout.columns, reaches, also: [before.marked, marked] });
  for (const index of changed) clear(context, layout, index, reaches(index) ? BEYOND_PX : 0);
  for (const index of beside) clear(context, layout, index, 0);
  for (const index of [...changed, ...beside].toSorted((one, other) => one - other)) drawCell(context, scene, index);
  if (marked !== null) drawCell(context, scene, marked);
}

/** As far as the frame of a mark goes. */
const BEYOND_PX = 2;

function clear(context: CanvasRenderingContext2D, layout: HeatLayout, index: number, beyondPx: number): void {
  const { x, y } = cellAt(index, layout);
  context.clearRect(x - beyondPx, y - beyondPx, layout.cellPx + 2 * beyondPx, layout.cellPx + 2 * beyondPx);
}

/** Trouble is seen however small cells are. */
function grownBy({ cells, layout }: HeatScene, index: number): number {
  return layout.cellPx < PICTURE_PX && nodeLook(cells[index]?.state ?? '').trouble === true ? 1 : 0;
}

function drawCell(context: CanvasRenderingContext2D, scene: HeatScene, index: number): void {
  const { cells, layout, slotsPerNode, highlighted, marked, colours } = scene;
  const node = cells[index];
  if (node === undefined) return;
  const { x, y } = cellAt(index, layout);
  const size = layout.cellPx;
  context.globalAlpha = highlighted !== '' && node.state !== highlighted ? 0.22 : 1;
  if (node.state === 'running') {
    const used = Math.max(1, Math.min(slotsPerNode, node.slots));
    const height = Math.round((used / slotsPerNode) * size);
    context.fillStyle = colours['run-w'];
    if (height < size) context.fillRect(x, y, size, size);
    context.fillStyle = colours.run;
    context.fillRect(x, y + size - height, size, height);
    if (size >= NAME_PX) name(context, node.id, { x, y, size, colour: height > size / 2 ? '#fff' : colours.text2 });
  } else if (size < PICTURE_PX) {
    const grown = grownBy(scene, index);
    context.fillStyle = colours[nodeLook(node.state).hue];
    context.fillRect(x - grown, y - grown, size + 2 * grown, size + 2 * grown);
  } else {
    drawPicture(context, node, { x, y, size, colours });
  }
  if (index !== marked) return;
  context.globalAlpha = 1;
  context.strokeStyle = colours.text;
  context.lineWidth = 2;
  context.strokeRect(x - 1, y - 1, size + 2, size + 2);
}

interface Square {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

function drawPicture(context: CanvasRenderingContext2D, { state, id }: HeatCell, { x, y, size, colours }: Square & { readonly colours: Palette }): void {
  const { hue, drawing } = nodeLook(state);
  const { solid, areas, lines } = CELL_PICTURES[drawing];
  context.save();
  context.translate(x, y);
  context.fillStyle = colours[hue];
  context.strokeStyle = colours[hue];
  if (solid) context.fillRect(0, 0, size, size);
  else {
    context.lineWidth = Math.max(1, size / 12);
    context.strokeRect(context.lineWidth / 2, context.lineWidth / 2, size - context.lineWidth, size - context.lineWidth);
  }
  context.scale(size / 12, size / 12);
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas is no array
  if (areas !== undefined) context.fill(new Path2D(areas));
  if (lines !== undefined) {
    context.strokeStyle = solid ? (hue === 'bad' ? '#fff' : colours.surface) : colours[hue];
    context.lineWidth = 1.5;
    context.stroke(new Path2D(lines));
  }
  context.restore();
  if (size >= NAME_PX && drawing === 'outline') name(context, id, { x, y, size, colour: colours.text3 });
}

function name(context: CanvasRenderingContext2D, id: string, { x, y, size, colour }: Square & { readonly colour: string }): void {
  context.fillStyle = colour;
  context.font = '9px "Liberation Mono", monospace';
  context.textAlign = 'center';
  context.textBaseline = 'alphabetic';
  context.fillText(id.replace(/_[dp]$/, '').slice(-4), x + size / 2, y + size - 4);
}
