import { useState } from 'preact/hooks';
import { listJobsOf, nodeCounts, type Job, type Page, type Pool as PoolData } from '../../client/batch.ts';
import { own } from '../../client/own.ts';
import { go } from '../../client/place.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import type { ViewProps } from '../../frame/views.ts';
import { Card, Empty, Fault, Loaded } from '../../parts/Card.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { Figure } from '../../parts/Figure.tsx';
import { Head } from '../../parts/Head.tsx';
import { Icon } from '../../parts/Icon.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { Badge } from '../../parts/states.tsx';
import type { Hue, IconName } from '../../charts/states.ts';
import { currentTab, Tabs, type Tab } from '../../parts/Tabs.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { sentence, shown } from '../../text/clean.ts';
import { count, counted, money, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { CostLines } from '../cost/CostLines.tsx';
import { Definition } from '../Definition.tsx';
import { EventList } from '../events/EventList.tsx';
import { FixButtons } from '../fixes.tsx';
import { JobTable } from '../jobs/JobTable.tsx';
import { Evaluations } from './Evaluations.tsx';
import { FormulaEditor } from './FormulaEditor.tsx';
import { NodesTab } from './NodesTab.tsx';
import { resize } from './resize.tsx';
import { StartTaskTab } from './StartTaskTab.tsx';

export function Pool({ ids: [id = ''] }: ViewProps) {
  const path = pathOf('pools', id);
  const pool = useResource(path, (signal) => ask<PoolData>(path, { signal }), { follows: `pool:${id}` });
  if (pool.data === undefined) {
    return (
      <>
        <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title={id} />
        {pool.error === undefined ? <Loaded of={pool} height={240}>{() => null}</Loaded> : <Card title="Pool"><Fault error={pool.error} retry={pool.reload} /></Card>}
        {pool.error?.status === 404 ? <EventList query={{ pool: id }} /> : null}
      </>
    );
  }
  return <PoolView pool={pool.data} />;
}

function PoolView({ pool }: { readonly pool: PoolData }) {
  const { id, vmSize, taskSlotsPerNode = 1, taskSchedulingPolicy, enableAutoScale = false, autoScaleEvaluationInterval, state, allocationState } = pool;
  const tabs: readonly Tab[] = [
    { id: 'nodes', word: 'Nodes', note: count((pool.currentDedicatedNodes ?? 0) + (pool.currentLowPriorityNodes ?? 0)) },
    { id: 'scaling', word: 'Scaling' },
    { id: 'jobs', word: 'Jobs' },
    ...(pool.startTask === undefined ? [] : [{ id: 'start', word: 'Start task' }]),
    { id: 'errors', word: 'Errors', note: (pool.resizeErrors ?? []).length === 0 ? undefined : String(pool.resizeErrors?.length) },
    { id: 'cost', word: 'Cost' },
    { id: 'events', word: 'Events' },
    { id: 'definition', word: 'Definition' },
  ];
  const isResizing = allocationState === 'resizing';
  const path = pathOf('pools', id);
  const actions = !mayWrite() ? null : (
    <>
      {isResizing ? <button type="button" class="btn" onClick={() => atOnce(`${id} stops to resize`, () => act(`${path}/stopresize`, {}))}>Stop resize</button> : <button type="button" class="btn pri" onClick={() => resize(pool)}>Resize…</button>}
      <a class="btn wide-only" href={to(['pools', id], { tab: 'scaling' })}>{enableAutoScale ? 'Edit formula' : 'Formula'}</a>
    </>
  );
  const more = !mayWrite() ? [] : [
    { word: 'What if…', act: () => go(to(['whatif'], { pool: id })) },
    ...(enableAutoScale ? [{ word: 'Disable the formula', act: () => atOnce(`No formula scales ${id} any more`, () => act(`${path}/disableautoscale`, {})) }] : []),
    {
      word: 'Delete…',
      danger: true,
      act: () => showDialog({
        title: `Delete ${id}?`, verb: 'Delete', danger: true, typed: id,
        body: <p>Its nodes leave, and tasks that run on them go back to the queue of their jobs.</p>,
        act: async () => {
          await act(path, { method: 'DELETE' });
          go('#/pools');
          return `${id} is being deleted`;
        },
      }),
    },
  ];
  return (
    <>
      <Head crumbs={[{ word: 'Pools', href: '#/pools' }]} title={id} badge={<Badge of="pool" state={state === 'deleting' ? 'deleting' : allocationState} />} sub={<>{vmSize} · {counted(taskSlotsPerNode, 'slot')} a node · {taskSchedulingPolicy?.nodeFillType ?? 'spread'}{enableAutoScale ? ` · formula${autoScaleEvaluationInterval === undefined ? '' : ` each ${autoScaleEvaluationInterval}`}` : ''}</>} actions={actions} more={more} />
      <PoolBanner pool={id} />
      <PoolFigures pool={pool} />
      <Tabs tabs={tabs} />
      <TabOf tab={currentTab(tabs)} pool={pool} />
    </>
  );
}

function TabOf({ tab, pool }: { readonly tab: string; readonly pool: PoolData }) {
  switch (tab) {
    case 'scaling':
      return (
        <>
          <FormulaEditor key={pool.autoScaleFormula ?? ''} pool={pool} />
          {pool.enableAutoScale === true ? <Evaluations pool={pool.id} /> : null}
        </>
      );
    case 'jobs':
      return <JobsTab pool={pool.id} />;
    case 'start':
      return <StartTaskTab pool={pool} />;
    case 'errors':
      return <ErrorsTab pool={pool} />;
    case 'cost':
      return <CostLines query={{ pool: pool.id }} />;
    case 'events':
      return <EventList query={{ pool: pool.id }} />;
    case 'definition':
      return <Definition value={pool} />;
    default:
      return <NodesTab pool={pool} />;
  }
}

const AT_FIRST = 3;

/** What passes by itself is no warning. */
function lookOf(code: string, stays: boolean): { readonly hue: Hue; readonly icon: IconName } {
  if (!stays) return { hue: 'wait', icon: 'clock' };
  return /fail|unusable|error/i.test(code) ? { hue: 'bad', icon: 'cross' } : { hue: 'come', icon: 'warn' };
}

/** What keeps the pool from its target, and nodes from work. */
function PoolBanner({ pool }: { readonly pool: string }) {
  const why = useResource(`${pool} why`, (signal) => own.explain(`pools/${encodeURIComponent(pool)}`, signal), { beats: 2, follows: `pool:${pool}` });
  const reasons = (why.data?.reasons ?? []).filter(({ code }) => code !== 'PoolAtTarget');
  const [all, setAll] = useState(false);
  if (reasons.length === 0) return null;
  return (
    <section aria-label="Needs attention">
    <ul class="attn">
      {(all ? reasons : reasons.slice(0, AT_FIRST)).map(({ code, message, stays, nodes, fixes }) => (
        <li key={`${code} ${message}`} class={`hue-${lookOf(code, stays).hue}`}>
          <Icon name={lookOf(code, stays).icon} />
          <p>{sentence(message)}</p>
          <span class="acts">{code === 'StartTaskFailed' && nodes[0] !== undefined ? <a class="btn s" href={to(['pools', pool], { tab: 'start', node: nodes[0] })}>Read log</a> : null}<FixButtons fixes={fixes} /></span>
        </li>
      ))}
    </ul>
    {reasons.length <= AT_FIRST ? null : <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'The first three' : `All ${reasons.length} reasons`}</button>}
    </section>
  );
}

const COST_BEATS = 15;

function PoolFigures({ pool }: { readonly pool: PoolData }) {
  const { id, currentDedicatedNodes = 0, targetDedicatedNodes = 0, currentLowPriorityNodes = 0, targetLowPriorityNodes = 0, taskSlotsPerNode = 1 } = pool;
  const counts = useResource('node counts', nodeCounts, { follows: `pool:${id}` });
  const cost = useResource(`cost ${id}`, (signal) => own.cost({ pool: id }, signal), { beats: COST_BEATS });
  const row = counts.data?.value.find(({ poolId }) => poolId === id);
  const of = (name: string): number => (row?.dedicated[name] ?? 0) + (row?.lowPriority[name] ?? 0);
  const trouble = of('startTaskFailed') + of('unusable') + of('unknown');
  const nodes = currentDedicatedNodes + currentLowPriorityNodes;
  const currency = cost.data?.currency ?? 'USD';
  return (
    <section class="card" aria-label="The pool">
      <div class="nums">
        <Figure value={count(currentDedicatedNodes)} of={`of ${count(targetDedicatedNodes)}`} label="dedicated" />
        {targetLowPriorityNodes + currentLowPriorityNodes === 0 ? null : <Figure value={count(currentLowPriorityNodes)} of={`of ${count(targetLowPriorityNodes)}`} label="low-priority" />}
        <Figure value={count(of('running'))} of={`of ${count(nodes)}`} label="nodes with tasks" hue="run" icon="play" />
        <Figure value={count(of('idle'))} label="idle" hue="wait" icon="ring" />
        {trouble === 0 ? null : <Figure value={count(trouble)} label="in trouble" hue="bad" icon="cross" />}
        <Figure value={count(nodes * taskSlotsPerNode)} label="slots" right />
        {cost.data === undefined ? null : <Figure value={money(cost.data.total.cost, currency)} label="so far, at list prices" />}
        {cost.data?.total.idleShare === undefined ? null : <Figure value={percent(cost.data.total.idleShare, 1)} label="of its time idle" />}
      </div>
    </section>
  );
}

function JobsTab({ pool }: { readonly pool: string }) {
  const jobs = useResource(`${pool} jobs all`, (signal) => listJobsOf(pool, { signal }));
  return <Card title="Jobs" flush><Loaded of={jobs}>{(page) => <JobsOf page={page} />}</Loaded></Card>;
}

function JobsOf({ page }: { readonly page: Page<Job> }) {
  const all = useMore(page, ({ id }) => id);
  return all.rows.length === 0 ? <div class="card-pad"><Empty>No job has run here.</Empty></div> : <><JobTable jobs={all.rows} /><More of={all} /></>;
}

function ErrorsTab({ pool: { resizeErrors = [] } }: { readonly pool: PoolData }) {
  return (
    <Card title="Resize errors">
      {resizeErrors.length === 0 ? <Empty>The last resize had no errors.</Empty> : resizeErrors.map(({ code, message, values = [] }) => (
        <div class="fault" key={code}>
          <p><b>{shown(code)}</b> {sentence(message)}</p>
          {values.map(({ name, value = '' }) => <p key={name} class="small">{shown(name)}: {shown(value)}</p>)}
        </div>
      ))}
    </Card>
  );
}
