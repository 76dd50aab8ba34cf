import { nodeCounts, type Pool } from '../../client/batch.ts';
import { useResource } from '../../client/resource.ts';
import { Badge, StateBar } from '../../parts/states.tsx';
import { Tick, TickAll } from '../../parts/Tick.tsx';
import type { Chosen } from '../../parts/useChosen.ts';
import { Name } from '../../parts/text.tsx';
import { NODE_LOOKS, type Hue } from '../../charts/states.ts';
import { count } from '../../text/format.ts';
import { shown } from '../../text/clean.ts';
import { to } from '../../routes/route.ts';

/** Names of counts that are not those of states. */
const COUNT_STATES: Readonly<Record<string, string>> = { leavingPool: 'leavingpool', startTaskFailed: 'starttaskfailed', waitingForStartTask: 'waitingforstarttask', upgradingOS: 'upgradingos' };

/** Pools, a line each. `chosen`: some can be. */
export function PoolTable({ pools, chosen }: { readonly pools: readonly Pool[]; readonly chosen?: Chosen | undefined }) {
  const { data } = useResource('node counts', nodeCounts, { follows: 'overview' });
  const counts = new Map((data?.value ?? []).map((row) => [row.poolId, row]));
  return (
    <div class="scroll-x">
      <table class="rows">
        <thead>
          <tr>
            {chosen === undefined ? null : <TickAll all={pools.every(({ id }) => chosen.has(id))} chosen={chosen} />}
            <th scope="col">Pool</th>
            <th scope="col">Allocation</th>
            <th scope="col" class="n">Dedicated</th>
            <th scope="col" class="n">Low-priority</th>
            <th scope="col" class="wide-cell">Nodes by state</th>
            <th scope="col" class="narrow-hide">Size</th>
          </tr>
        </thead>
        <tbody>
          {pools.map((pool) => {
            const row = counts.get(pool.id);
            return <PoolRow key={pool.id} pool={pool} chosen={chosen} states={row === undefined ? [] : [row.dedicated, row.lowPriority]} />;
          })}
        </tbody>
      </table>
    </div>
  );
}

function PoolRow({ pool, chosen, states }: { readonly pool: Pool; readonly chosen: Chosen | undefined; readonly states: readonly Readonly<Record<string, number>>[] }) {
  const { id, allocationState, vmSize, taskSlotsPerNode = 1, resizeErrors = [] } = pool;
  const [problem] = resizeErrors;
  return (
    <tr data-row tabIndex={-1} aria-selected={chosen?.has(id)}>
      {chosen === undefined ? null : <Tick id={id} chosen={chosen} />}
      <td>
        <a href={to(['pools', id])} data-open>
          <Name most={48} mono>{id}</Name>
        </a>
      </td>
      <td>
        <Badge of="pool" state={pool.state === 'deleting' ? 'deleting' : allocationState} />
        {problem === undefined ? null : <span class="bad-t small"> {shown(problem.code)}</span>}
      </td>
      <td class="n">{nodesOf(pool.currentDedicatedNodes, pool.targetDedicatedNodes)}</td>
      <td class="n">{nodesOf(pool.currentLowPriorityNodes, pool.targetLowPriorityNodes)}</td>
      <td class="wide-cell">
        <StateBar thin parts={partsOf(states)} />
      </td>
      <td class="narrow-hide line">
        {vmSize} <span class="soft">· {taskSlotsPerNode} {taskSlotsPerNode === 1 ? 'slot' : 'slots'}</span>
      </td>
    </tr>
  );
}

function nodesOf(current = 0, target = 0) {
  return (
    <>
      {count(current)}
      {current === target ? '' : <span class="come-t"> of {count(target)}</span>}
    </>
  );
}

const ORDER: readonly Hue[] = ['run', 'wait', 'come', 'go', 'hold', 'bad'];

/** Nodes of all states that there are, by hue. */
function partsOf(counts: readonly Readonly<Record<string, number>>[]) {
  const sums = new Map<string, number>();
  for (const one of counts) for (const [name, value] of Object.entries(one)) if (name !== 'total') sums.set(COUNT_STATES[name] ?? name, (sums.get(COUNT_STATES[name] ?? name) ?? 0) + value);
  return [...sums].flatMap(([state, value]) => {
    const look = NODE_LOOKS[state];
    return look === undefined ? [] : [{ word: look.word, hue: look.hue, value }];
  }).toSorted((a, b) => ORDER.indexOf(a.hue) - ORDER.indexOf(b.hue));
}
