import type { ComponentChildren } from 'preact';
import type { CellSize } from '../../charts/heatLayout.ts';
import { nodeLook } from '../../charts/states.ts';
import type { Pool } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { NodeMark } from '../../parts/NodeMark.tsx';
import { count } from '../../text/format.ts';
import { EvaluationCard } from './Evaluation.tsx';
import { HeatMap } from './HeatMap.tsx';
import { JobsHere } from './JobsHere.tsx';
import { NodeTable } from './NodeTable.tsx';
import { TargetsCard } from './TargetsCard.tsx';
import { useNodes } from './useNodes.ts';

const ZOOMS: readonly { readonly id: string; readonly word: string; readonly size: CellSize | undefined }[] = [
  { id: '', word: 'Fit', size: undefined },
  { id: '28', word: 'L', size: 28 },
  { id: '18', word: 'M', size: 18 },
  { id: '10', word: 'S', size: 10 },
];

export function NodesTab({ pool }: { readonly pool: Pool }) {
  return <NodesView pool={pool} below={<TargetsCard pool={pool} />} beside={<>{pool.enableAutoScale === true ? <EvaluationCard run={pool.autoScaleRun} /> : null}<JobsHere pool={pool.id} /></>} />;
}

/** Four times a second at most; what is `below` and `beside` is not drawn with it. */
function NodesView({ pool, below, beside }: { readonly pool: Pool; readonly below: ComponentChildren; readonly beside: ComponentChildren }) {
  const { id, taskSlotsPerNode = 1 } = pool;
  const nodes = useNodes(id);
  const { state = '', zoom = '', as = '' } = route.value.query;
  const all = nodes.data?.nodes ?? [];
  const size = ZOOMS.find((one) => one.id === zoom)?.size;
  const counts = new Map<string, number>();
  for (const node of all) counts.set(node.state, (counts.get(node.state) ?? 0) + 1);
  const blocks = [
    { label: 'Dedicated', of: all.filter(({ lowPriority }) => !lowPriority) },
    { label: 'Low-priority', of: all.filter(({ lowPriority }) => lowPriority) },
  ].filter(({ of }) => of.length > 0);
  return (
    <div class="cols">
      <div class="stack">
        <Card
          title="Nodes"
          aside={
            <>
              {as === 'table' ? null : (
                <span class="pick narrow-hide" role="group" aria-label="Size of cells">
                  {ZOOMS.map(({ id: one, word }) => <button key={one} type="button" aria-pressed={zoom === one} onClick={() => change({ zoom: one })}>{word}</button>)}
                </span>
              )}
              <button type="button" class="link" onClick={() => change({ as: as === 'table' ? '' : 'table' })}>{as === 'table' ? 'As map' : 'As table'}</button>
            </>
          }
        >
          <Loaded of={nodes} height={240}>
            {() => {
              if (all.length === 0) return <Empty>The pool has no nodes: its target is {(pool.targetDedicatedNodes ?? 0) + (pool.targetLowPriorityNodes ?? 0)}. {(pool.resizeErrors ?? [])[0]?.message ?? ''}</Empty>;
              return (
                <>
                  {as === 'table' ? <NodeTable pool={id} nodes={state === '' ? all : all.filter((node) => node.state === state)} slotsPerNode={taskSlotsPerNode} /> : <div class="heat">{blocks.map(({ label, of }) => <HeatMap key={label} pool={id} label={label} nodes={of} slotsPerNode={taskSlotsPerNode} zoom={size} highlighted={state} />)}</div>}
                </>
              );
            }}
          </Loaded>
        </Card>
        {below}
      </div>
      <div class="stack">
        <Card title="States" aside={<span class="soft small">a click filters</span>}>
          <ul class="states">
            {[...counts].toSorted(([, a], [, b]) => b - a).map(([one, number]) => (
              <li key={one}>
                <button type="button" aria-pressed={state === one} onClick={() => change({ state: state === one ? '' : one })} title={one}>
                  <NodeMark state={one} />
                  <span>{nodeLook(one).word}</span>
                  <b>{count(number)}</b>
                </button>
              </li>
            ))}
          </ul>
          {counts.size === 0 ? <Empty>No nodes.</Empty> : null}
        </Card>
        {beside}
      </div>
    </div>
  );
}
