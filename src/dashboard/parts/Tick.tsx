import type { Chosen } from './useChosen.ts';

/** The box by which a row of a table is chosen. */
export function Tick({ id, chosen }: { readonly id: string; readonly chosen: Chosen }) {
  return <td class="c-box"><input type="checkbox" aria-label={`Select ${id}`} checked={chosen.has(id)} onClick={(event) => chosen.choose(id, event.shiftKey)} /></td>;
}

export function TickAll({ all, chosen }: { readonly all: boolean; readonly chosen: Chosen }) {
  return <th scope="col" class="c-box"><input type="checkbox" aria-label="Select all" checked={all} onClick={() => chosen.chooseAll()} /></th>;
}
