import type { Node as NodeData, Pool } from '../../client/batch.ts';
import { change, route } from '../../client/place.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import type { ViewProps } from '../../frame/views.ts';
import { Card, Empty, Fault, Loaded } from '../../parts/Card.tsx';
import { Copy } from '../../parts/Copy.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { Figure } from '../../parts/Figure.tsx';
import { Head } from '../../parts/Head.tsx';
import { Icon } from '../../parts/Icon.tsx';
import type { MenuItem } from '../../parts/Menu.tsx';
import { Slots } from '../../parts/Slots.tsx';
import { NodeBadge, TaskBadge } from '../../parts/states.tsx';
import { currentTab, Tabs, type Tab } from '../../parts/Tabs.tsx';
import { Name, Since, Time } from '../../parts/text.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { quotedForShell, sentence, shown, shortNode } from '../../text/clean.ts';
import { count, duration, NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { Definition } from '../Definition.tsx';
import { EventList } from '../events/EventList.tsx';
import { own } from '../../client/own.ts';
import { FixButtons } from '../fixes.tsx';
import { fileAt, Files } from '../task/Files.tsx';
import { LogView } from '../task/LogView.tsx';
import { NodeUse } from './NodeUse.tsx';
import { StateBand } from './StateBand.tsx';

const TABS: readonly Tab[] = [
  { id: 'tasks', word: 'Tasks' },
  { id: 'start', word: 'Start task' },
  { id: 'files', word: 'Files' },
  { id: 'events', word: 'Events' },
  { id: 'definition', word: 'Definition' },
];

/** Reasons by whose codes nothing runs until somebody acts. */
const HARM = /fail|unusable/i;

export function Node({ ids: [pool = '', id = ''] }: ViewProps) {
  const path = pathOf('pools', pool, 'nodes', id);
  const node = useResource(path, (signal) => ask<NodeData>(path, { signal }));
  const ofPool = useResource(pathOf('pools', pool), (signal) => ask<Pool>(pathOf('pools', pool), { signal }), { beats: 10 });
  const why = useResource(`${path} why`, (signal) => own.explain(`pools/${encodeURIComponent(pool)}/nodes/${encodeURIComponent(id)}`, signal), { beats: 3 });
  const history = useResource(`${path} history`, (signal) => own.nodeHistory(pool, id, signal), { beats: 5 });
  const crumbs = [{ word: 'Pools', href: '#/pools' }, { word: pool, href: to(['pools', pool]) }];
  if (node.data === undefined) {
    return (
      <>
        <Head crumbs={crumbs} title={id} />
        {node.error === undefined ? <Loaded of={node} height={200}>{() => null}</Loaded> : <Card title="Node"><Fault error={node.error} retry={node.reload} /></Card>}
        {node.error?.status === 404 && history.data !== undefined ? <><StateBand history={history} /><EventList query={{ pool, node: id }} /></> : null}
      </>
    );
  }
  const { state, stateTransitionTime, runningTaskSlotsCount = 0, isDedicated = true, totalTasksRun = 0, totalTasksSucceeded = 0, ipAddress, vmSize } = node.data;
  const reasons = (why.data?.reasons ?? []).filter(({ code }) => code !== 'NodeBusy');
  return (
    <>
      <Head crumbs={crumbs} title={id} badge={<NodeBadge state={state} />} sub={<>for <Since at={stateTransitionTime} /> · {isDedicated ? 'dedicated' : 'low-priority'} · {vmSize}{ipAddress === undefined ? '' : ` · ${ipAddress}`} <Copy text={`linarite node ssh ${quotedForShell(pool)} ${quotedForShell(id)}`} what="the command that logs in" /></>} actions={<Actions pool={pool} node={node.data} />} more={mayWrite() ? moreOf(pool, node.data) : []} />
      {reasons.length === 0 ? null : (
        <ul class="attn">{reasons.map(({ code, message, fixes = [] }) => <li key={`${code} ${message}`} class={HARM.test(code) ? 'hue-bad' : 'hue-wait'}><Icon name={HARM.test(code) ? 'cross' : 'ring'} /><p>{sentence(message)}</p><span class="acts"><FixButtons fixes={fixes} /></span></li>)}</ul>
      )}
      <section class="card" aria-label="The node">
        <div class="nums">
          <Figure value={<Slots used={runningTaskSlotsCount} all={ofPool.data?.taskSlotsPerNode ?? 1} />} label="slots in use" />
          <Figure value={count(totalTasksRun)} label="tasks run" right />
          <Figure value={count(totalTasksSucceeded)} label="succeeded" hue="ok" icon="check" />
          <Figure value={<Since at={node.data.lastBootTime} />} label="since it booted" />
        </div>
      </section>
      <StateBand history={history} {...(stateTransitionTime === undefined ? {} : { present: { state, time: stateTransitionTime } })} />
      <NodeUse pool={pool} node={id} />
      <Tabs tabs={TABS} />
      <TabOf pool={pool} node={node.data} />
    </>
  );
}

function TabOf({ pool, node }: { readonly pool: string; readonly node: NodeData }) {
  switch (currentTab(TABS)) {
    case 'start':
      return <StartTask pool={pool} node={node} />;
    case 'files':
      return <Files base={['pools', pool, 'nodes', node.id]} live />;
    case 'events':
      return <EventList query={{ pool, node: node.id }} />;
    case 'definition':
      return <Definition value={node} />;
    default:
      return <Tasks node={node} />;
  }
}

function Tasks({ node: { recentTasks = [] } }: { readonly node: NodeData }) {
  return (
    <Card title="Tasks, the newest first" flush>
      {recentTasks.length === 0 ? <div class="card-pad"><Empty>No task has run here.</Empty></div> : (
        <div class="scroll-x">
          <table class="rows">
            <thead><tr><th scope="col">Task</th><th scope="col">State</th><th scope="col" class="n">Exit</th><th scope="col" class="n">Run time</th><th scope="col" class="n">Started</th></tr></thead>
            <tbody>
              {recentTasks.map(({ jobId, taskId, taskState, executionInfo: { exitCode, startTime, endTime, result } = {} }) => (
                <tr key={`${jobId ?? ''} ${taskId ?? ''} ${startTime ?? ''}`} data-row tabIndex={-1}>
                  <td>{jobId === undefined || taskId === undefined ? NONE : <a href={to(['jobs', jobId, 'tasks', taskId])} data-open><Name mono most={48}>{`${jobId}/${taskId}`}</Name></a>}</td>
                  <td><TaskBadge state={taskState} result={result} /></td>
                  <td class="n">{exitCode ?? NONE}</td>
                  <td class="n">{startTime === undefined ? NONE : endTime === undefined ? <Since at={startTime} /> : duration(Date.parse(endTime) - Date.parse(startTime))}</td>
                  <td class="n"><Time at={startTime} /></td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}

const LOGS = ['startup/stdout.txt', 'startup/stderr.txt'];

function StartTask({ pool, node: { id, startTaskInfo } }: { readonly pool: string; readonly node: NodeData }) {
  if (startTaskInfo === undefined) return <Card title="Start task"><Empty>The pool has no start task, or it has not begun here.</Empty></Card>;
  const { state, exitCode, retryCount, startTime, endTime, failureInfo } = startTaskInfo;
  const file = route.value.query['file'] ?? (failureInfo === undefined ? LOGS[0] : LOGS[1]) ?? '';
  return (
    <>
      <Card title="Start task">
        <dl class="facts">
          <dt>state</dt><dd><TaskBadge state={state} result={failureInfo === undefined ? 'success' : 'failure'} /></dd>
          <dt>exit</dt><dd>{exitCode ?? NONE}{retryCount > 0 ? ` after ${retryCount} retries` : ''}</dd>
          <dt>started</dt><dd><Time at={startTime} /></dd>
          {failureInfo === undefined ? null : <><dt>failure</dt><dd class="bad-t">{shown(failureInfo.message ?? failureInfo.code)}</dd></>}
        </dl>
      </Card>
      <Card title="Log" aside={<span class="pick" role="group" aria-label="File">{LOGS.map((name) => <button key={name} type="button" aria-pressed={file === name} onClick={() => change({ file: name, from: '' })}>{name.replace('startup/', '')}</button>)}</span>}>
        <LogView key={file} path={fileAt(['pools', pool, 'nodes', id], file)} name={file} live={endTime === undefined} />
      </Card>
    </>
  );
}

const TASK_OPTIONS = [
  { id: 'requeue', word: 'run again elsewhere' },
  { id: 'taskcompletion', word: 'end first' },
  { id: 'terminate', word: 'are ended for good' },
];

function withTasks(pool: string, id: string, verb: string, action: string, name: string): void {
  showDialog({
    title: `${verb} ${shortNode(id)}?`,
    verb,
    body: (
      <label class="field">
        <span>Tasks that run there</span>
        <select name="option">{TASK_OPTIONS.map(({ id: option, word }) => <option key={option} value={option}>{word}</option>)}</select>
      </label>
    ),
    act: async (form) => {
      await act(`${pathOf('pools', pool, 'nodes', id)}/${action}`, { body: { [name]: form.get('option') } });
      return `${verb}: ${shortNode(id)}`;
    },
  });
}

function Actions({ pool, node }: { readonly pool: string; readonly node: NodeData }) {
  if (!mayWrite()) return null;
  const { word, act: change } = scheduling(pool, node);
  return (
    <>
      <button type="button" class="btn" onClick={() => withTasks(pool, node.id, 'Reboot', 'reboot', 'nodeRebootOption')}>Reboot…</button>
      <button type="button" class="btn wide-only" onClick={change}>{word}</button>
    </>
  );
}

/** Undone by each other, so at once. */
function scheduling(pool: string, { id, schedulingState }: NodeData): MenuItem {
  const path = pathOf('pools', pool, 'nodes', id);
  const enable = (): Promise<void> => act(`${path}/enablescheduling`, {});
  const disable = (): Promise<void> => act(`${path}/disablescheduling`, { body: { nodeDisableSchedulingOption: 'taskcompletion' } });
  return schedulingState === 'disabled'
    ? { word: 'Enable', act: () => atOnce('The node gets tasks again', enable, { word: 'Disable', act: disable }) }
    : { word: 'Disable', act: () => atOnce('The node gets no more tasks', disable, { word: 'Enable', act: enable }) };
}

function moreOf(pool: string, node: NodeData): readonly MenuItem[] {
  const { id } = node;
  return [
    { ...scheduling(pool, node), narrow: true },
    { word: 'Reimage…', act: () => withTasks(pool, id, 'Reimage', 'reimage', 'nodeReimageOption') },
    {
      word: 'Remove from the pool…',
      danger: true,
      act: () => showDialog({
        title: `Remove ${shortNode(id)}?`, verb: 'Remove', danger: true,
        body: <p>The node leaves the pool, whose target goes down by one; its tasks run again elsewhere.</p>,
        act: async () => {
          await act(`${pathOf('pools', pool)}/removenodes`, { body: { nodeList: [id] } });
          return `${shortNode(id)} leaves the pool`;
        },
      }),
    },
  ];
}
