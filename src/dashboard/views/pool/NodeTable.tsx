import type { Node } from '../../client/batch.ts';
import { Slots } from '../../parts/Slots.tsx';
import { NodeBadge } from '../../parts/states.tsx';
import { Since } from '../../parts/text.tsx';
import { to } from '../../routes/route.ts';
import { shown } from '../../text/clean.ts';

const SHOWN = 500;

export function NodeTable({ pool, nodes, slotsPerNode }: { readonly pool: string; readonly nodes: readonly Node[]; readonly slotsPerNode: number }) {
  return (
    <div class="scroll-x">
      <table class="rows plain">
        <thead><tr><th scope="col">Node</th><th scope="col">State</th><th scope="col">Slots</th><th scope="col" class="n">For</th><th scope="col" class="narrow-hide">Kind</th><th scope="col" class="narrow-hide">Problem</th></tr></thead>
        <tbody>
          {nodes.slice(0, SHOWN).map(({ id, state, stateTransitionTime, runningTaskSlotsCount = 0, isDedicated = true, errors = [], startTaskInfo }) => (
            <tr key={id} data-row tabIndex={-1}>
              <td><a class="mono" href={to(['pools', pool, 'nodes', id])} data-open>{id}</a></td>
              <td><NodeBadge state={state} /></td>
              <td><Slots used={runningTaskSlotsCount} all={slotsPerNode} /></td>
              <td class="n"><Since at={stateTransitionTime} /></td>
              <td class="narrow-hide">{isDedicated ? 'dedicated' : 'low-priority'}</td>
              <td class="narrow-hide bad-t">{shown(startTaskInfo?.failureInfo?.message ?? errors[0]?.message ?? '')}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {nodes.length > SHOWN ? <p class="soft small">The first {SHOWN} of {nodes.length}.</p> : null}
    </div>
  );
}
