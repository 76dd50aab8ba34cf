import { LazyTimeChart } from '../../charts/LazyTimeChart.tsx';
import type { Line } from '../../charts/TimeChart.tsx';
import type { Simulation, SimulatedPool } from '../../../wire/own/simulation.ts';
import { Card } from '../../parts/Card.tsx';
import { Name } from '../../parts/text.tsx';
import { shown } from '../../text/clean.ts';
import { count, duration, money, NONE } from '../../text/format.ts';

const CURRENCY = 'USD';

interface Row {
  readonly word: string;
  readonly of: (pool: SimulatedPool) => number | null | undefined;
  readonly as: (value: number) => string;
}

function share(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

const ROWS: readonly Row[] = [
  { word: 'makespan', of: ({ makespanMs }) => makespanMs, as: duration },
  { word: 'waiting, median', of: ({ waiting }) => waiting?.medianMs, as: duration },
  { word: 'waiting, 95 %', of: ({ waiting }) => waiting?.p95Ms, as: duration },
  { word: 'waiting, longest', of: ({ waiting }) => waiting?.mostMs, as: duration },
  { word: 'tasks succeeded', of: ({ tasks }) => tasks.succeeded, as: count },
  { word: 'tasks failed', of: ({ tasks }) => tasks.failed, as: count },
  { word: 'tasks that never started', of: ({ tasks }) => tasks.neverStarted, as: count },
  { word: 'runs cut short', of: ({ tasks }) => tasks.cutShort, as: count },
  { word: 'nodes taken away', of: ({ lowPriority }) => lowPriority.preemptions, as: count },
  { word: 'node-hours, dedicated', of: ({ dedicated }) => dedicated.nodeHours, as: (hours) => hours.toFixed(1) },
  { word: 'node-hours, low-priority', of: ({ lowPriority }) => lowPriority.nodeHours, as: (hours) => hours.toFixed(1) },
  { word: 'slots in use', of: ({ utilisation }) => utilisation, as: share },
  { word: 'work lost', of: ({ lostShare }) => lostShare, as: share },
  { word: 'cost, at list prices', of: ({ cost }) => cost.total, as: (amount) => money(amount, CURRENCY) },
];

/** What came of a load on one pool, or on two beside each other. */
export function Outcome({ of: { load, assumed, seed, startsAt, pools } }: { readonly of: Simulation }) {
  return (
    <div class="stack">
      <Card title="What came of it" flush aside={<span class="soft small">{shown(load)}, seed {seed}</span>}>
        <div class="scroll-x">
          <table class="rows" aria-label="What came of it">
            <thead><tr><th scope="col"><span class="unseen">Of</span></th>{pools.map(({ name, vmSize }) => <th key={name} scope="col" class="n"><Name most={32}>{name}</Name> <span class="soft">{vmSize}</span></th>)}{pools.length === 2 ? <th scope="col" class="n">Difference</th> : null}</tr></thead>
            <tbody>{ROWS.map((row) => <Compared key={row.word} row={row} pools={pools} />)}</tbody>
          </table>
        </div>
        <p class="card-pad soft small">Assumed: {assumed.map(shown).join('; ')}.</p>
        {pools.flatMap(({ name, notes }) => notes.map((note) => <p key={`${name} ${note}`} class="card-pad come-t"><Name most={32}>{name}</Name>: {shown(note)}</p>))}
      </Card>
      {pools.map((pool) => <Chart key={pool.name} pool={pool} begin={Date.parse(startsAt) / 1_000} />)}
    </div>
  );
}

function Compared({ row: { word, of, as }, pools }: { readonly row: Row; readonly pools: readonly SimulatedPool[] }) {
  const values = pools.map((pool) => of(pool) ?? null);
  const [a, b] = values;
  if (values.every((value) => value === null || value === 0)) return null;
  return (
    <tr>
      <th scope="row">{word}</th>
      {values.map((value, index) => <td key={pools[index]?.name} class="n">{value === null ? NONE : as(value)}</td>)}
      {pools.length < 2 ? null : <td class="n strong">{a === null || b === null || a === undefined || b === undefined ? NONE : differenceOf(a, b, as)}</td>}
    </tr>
  );
}

function differenceOf(a: number, b: number, as: Row['as']): string {
  const [was, is] = [as(a), as(b)];
  if (was === is) return 'same';
  const part = a === 0 ? '' : ` (${b > a ? '+' : '−'}${Math.round((Math.abs(b - a) / a) * 100)} %)`;
  return `${b > a ? '+' : '−'}${as(Math.abs(b - a))}${part}`;
}

/** Nodes against targets, tasks below, in the time of the simulation. */
function Chart({ pool: { name, series }, begin }: { readonly pool: SimulatedPool; readonly begin: number }) {
  const times = series.waiting.map((_value, index) => begin + (index * series.stepMs) / 1_000);
  const sum = (one: readonly number[], other: readonly number[]): readonly number[] => one.map((value, index) => value + (other[index] ?? 0));
  const nodes: readonly Line[] = [
    { name: 'nodes', hue: 'run', filled: true, stepped: true, values: sum(series.dedicated, series.lowPriority) },
    { name: 'target', hue: 'text', stepped: true, dashed: true, values: sum(series.targetDedicated, series.targetLowPriority) },
  ];
  const tasks: readonly Line[] = [
    { name: 'waiting', hue: 'wait', values: series.waiting },
    { name: 'running', hue: 'ok', values: series.running },
  ];
  return (
    <Card title={`${shown(name)} over time`} aside={<span class="legend"><span class="key hue-run">nodes</span><span class="key dash">target</span><span class="key hue-wait">waiting tasks</span><span class="key hue-ok">running tasks</span></span>}>
      <LazyTimeChart times={times} lines={nodes} heightPx={120} label={`Nodes of ${name} and their target over time`} sync="whatif" />
      <LazyTimeChart times={times} lines={tasks} heightPx={110} label={`Tasks on ${name} that wait and run over time`} sync="whatif" />
    </Card>
  );
}
