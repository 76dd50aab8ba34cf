import { useState } from 'preact/hooks';
import { More } from '../../parts/More.tsx';
import { Slots } from '../../parts/Slots.tsx';
import { NodeBadge } from '../../parts/states.tsx';
import { Since } from '../../parts/text.tsx';
import { to } from '../../routes/route.ts';
import type { MapNode } from './loadNodes.ts';

/** Drawn at first, and more with each click. */
const STEP = 500;

export function NodeTable({ pool, nodes, slotsPerNode }: { readonly pool: string; readonly nodes: readonly MapNode[]; readonly slotsPerNode: number }) {
  const [shown, setShown] = useState(STEP);
  const rows = nodes.slice(0, shown);
  return (
    <div class="scroll-x">
      <table class="rows plain">
        <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Slots</th><th scope="col" class="n">For</th><th scope="col" class="narrow-hide">Kind</th></tr></thead>
        <tbody>
          {rows.map(({ id, state, since, slots, lowPriority }) => (
            <tr key={id} data-row tabIndex={-1}>
              <td><a class="mono" href={to(['pools', pool, 'nodes', id])} data-open>{id}</a></td>
              <td><NodeBadge state={state} /></td>
              <td><Slots used={slots} all={slotsPerNode} /></td>
              <td class="n"><Since at={since} /></td>
              <td class="narrow-hide">{lowPriority ? 'low-priority' : 'dedicated'}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <More of={{ rows, more: nodes.length > shown ? () => setShown(shown + STEP) : undefined }} />
    </div>
  );
}
