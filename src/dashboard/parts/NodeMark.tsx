import { CELL_PICTURES } from '../charts/cellDrawing.ts';
import { nodeLook } from '../charts/states.ts';

/** A node's state as its cell in the heat map. */
export function NodeMark({ state }: { readonly state: string }) {
  const { hue, drawing } = nodeLook(state);
  const { solid, areas, lines } = CELL_PICTURES[drawing];
  return (
    <svg class={`i hue-${hue}`} viewBox="0 0 12 12" aria-hidden="true">
      {solid ? <rect width="12" height="12" rx="1.5" class="cell-solid" /> : <rect x=".7" y=".7" width="10.6" height="10.6" rx="1" fill="none" class="cell-edge" stroke-width="1.4" />}
      {areas === undefined ? null : <path d={areas} class="cell-solid" />}
      {lines === undefined ? null : <path d={lines} fill="none" class={solid ? 'cell-cut' : 'cell-edge'} stroke-width="1.5" />}
    </svg>
  );
}
