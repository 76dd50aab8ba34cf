import { Slots } from '../../parts/Slots.tsx';
import { NodeBadge } from '../../parts/states.tsx';
import { Since } from '../../parts/text.tsx';
import { to } from '../../routes/route.ts';
import type { MapNode } from './loadNodes.ts';

const SHOWN = 500;

export function NodeTable({ pool, nodes, slotsPerNode }: { readonly pool: string; readonly nodes: readonly MapNode[]; readonly slotsPerNode: number }) {
  return (
    <div class="scroll-x">
      <table class="rows plain">
        <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Slots</th><th scope="col" class="n">For</th><th scope="col" class="narrow-hide">Kind</th></tr></thead>
        <tbody>
          {nodes.slice(0, SHOWN).map(({ id, state, since, slots, lowPriority }) => (
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
      {nodes.length > SHOWN ? <p class="soft small">The first {SHOWN} of {nodes.length}.</p> : null}
    </div>
  );
}
