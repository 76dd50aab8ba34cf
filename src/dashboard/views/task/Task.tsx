import type { Task as TaskData } from '../../client/batch.ts';
import { change, go, route } from '../../client/place.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { now } from '../../client/live.ts';
import type { ViewProps } from '../../frame/views.ts';
import { taskState } from '../../charts/states.ts';
import { Card, Fault, Loaded } from '../../parts/Card.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { Head } from '../../parts/Head.tsx';
import { TaskBadge } from '../../parts/states.tsx';
import { currentTab, Tabs, type Tab } from '../../parts/Tabs.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { shortNode } from '../../text/clean.ts';
import { duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { Definition } from '../Definition.tsx';
import { confirmBulk } from '../tasks/bulk.tsx';
import { CommandTab } from './CommandTab.tsx';
import { Dependencies } from './Dependencies.tsx';
import { ExplainLine } from './ExplainLine.tsx';
import { fileAt, Files } from './Files.tsx';
import { History } from './History.tsx';
import { LogView } from './LogView.tsx';
import { rerunWithChanges } from './rerun.tsx';
import { Strip } from './Strip.tsx';

const TABS: readonly Tab[] = [
  { id: 'log', word: 'Log' },
  { id: 'history', word: 'History' },
  { id: 'files', word: 'Files' },
  { id: 'command', word: 'Command & environment' },
  { id: 'dependencies', word: 'Dependencies' },
  { id: 'definition', word: 'Definition' },
];

export function Task({ ids: [jobId = '', id = ''] }: ViewProps) {
  const path = pathOf('jobs', jobId, 'tasks', id);
  const task = useResource(path, (signal) => ask<TaskData>(path, { signal }));
  const crumbs = [{ word: 'Jobs', href: '#/jobs' }, { word: jobId, href: to(['jobs', jobId]) }];
  if (task.data === undefined) {
    return (
      <>
        <Head crumbs={crumbs} title={id} />
        {task.error === undefined ? <Loaded of={task} height={200}>{() => null}</Loaded> : <Card title="Task"><Fault error={task.error} retry={task.reload} /></Card>}
      </>
    );
  }
  const { data } = task;
  return (
    <>
      <Head crumbs={crumbs} title={data.id} badge={<TaskBadge state={data.state} result={data.executionInfo?.result} />} sub={<TaskSub task={data} />} actions={<Actions job={jobId} task={data} />} more={mayWrite() ? moreOf(jobId, data) : []} />
      <ExplainLine job={jobId} task={data} />
      <Strip job={jobId} task={data} />
      <Tabs tabs={TABS} />
      <TabOf job={jobId} task={data} />
    </>
  );
}

function TabOf({ job, task }: { readonly job: string; readonly task: TaskData }) {
  const base = ['jobs', job, 'tasks', task.id];
  const live = task.state !== 'completed';
  switch (currentTab(TABS)) {
    case 'history':
      return <History job={job} task={task.id} />;
    case 'files':
      return <Files base={base} live={live} />;
    case 'command':
      return <CommandTab job={job} task={task} />;
    case 'dependencies':
      return <Dependencies job={job} task={task} />;
    case 'definition':
      return <Definition value={task} />;
    default:
      return <LogTab base={base} task={task} />;
  }
}

const LOGS = ['stdout.txt', 'stderr.txt'];

/** The one that most often says why: of a failed task what it complained about. */
function LogTab({ base, task }: { readonly base: readonly string[]; readonly task: TaskData }) {
  const usual = taskState({ state: task.state, result: task.executionInfo?.result }) === 'failed' ? 'stderr.txt' : 'stdout.txt';
  const file = route.value.query['file'] ?? usual;
  const pick = (
    <span class="pick" role="group" aria-label="File">
      {LOGS.map((name) => (
        <button key={name} type="button" aria-pressed={file === name} onClick={() => change({ file: name, from: '' })}>{name}</button>
      ))}
    </span>
  );
  return (
    <Card title="Log" aside={pick}>
      {task.state === 'active' ? <p class="soft">The task has not started yet.</p> : <LogView key={`${file} ${task.executionInfo?.startTime ?? ''}`} path={fileAt(base, file)} name={file} live={task.state !== 'completed'} />}
    </Card>
  );
}

function TaskSub({ task: { executionInfo, nodeInfo, state } }: { readonly task: TaskData }) {
  const { exitCode, retryCount = 0, startTime, endTime } = executionInfo ?? {};
  const { poolId, nodeId } = nodeInfo ?? {};
  return (
    <>
      {exitCode === undefined ? null : <>exit <b class="strong">{exitCode}</b> · </>}
      {retryCount > 0 ? <>attempt {retryCount + 1} · </> : null}
      {startTime === undefined || state === 'active' ? null : <><b class="strong">{duration((endTime === undefined ? now.value : Date.parse(endTime)) - Date.parse(startTime))}</b> · started <Time at={startTime} /></>}
      {poolId === undefined || nodeId === undefined ? null : <> · on <a class="mono" href={to(['pools', poolId, 'nodes', nodeId])} title={nodeId}>{shortNode(nodeId)}</a> of <a href={to(['pools', poolId])}><Name most={32}>{poolId}</Name></a></>}
    </>
  );
}

function Actions({ job, task: { id, state, executionInfo } }: { readonly job: string; readonly task: TaskData }) {
  if (!mayWrite()) return null;
  if (state !== 'completed') {
    return (
      <button
        type="button"
        class="btn"
        onClick={() =>
          showDialog({
            title: `Terminate ${id}?`,
            verb: 'Terminate',
            danger: true,
            body: <p>{state === 'active' ? 'The task will not run.' : 'The task is ended on its node.'} It can be run again later.</p>,
            act: async () => {
              await act(`${pathOf('jobs', job, 'tasks', id)}/terminate`, {});
              return `${id} has been ended`;
            },
          })
        }
      >
        Terminate…
      </button>
    );
  }
  return (
    <button type="button" class={`btn ${executionInfo?.result === 'failure' ? 'pri' : ''}`} data-rerun onClick={() => confirmBulk(job, 'rerun', { ids: [id] })}>
      Rerun…
    </button>
  );
}

function moreOf(job: string, task: TaskData) {
  const { id, state } = task;
  return [
    ...(state === 'completed' ? [{ word: 'Rerun with changes…', act: () => rerunWithChanges(job, task) }] : []),
    {
      word: 'Delete…',
      danger: true,
      act: () =>
        showDialog({
          title: `Delete ${id}?`,
          verb: 'Delete',
          danger: true,
          body: <p>The task and its files on the node are gone for good.</p>,
          act: async () => {
            await act(pathOf('jobs', job, 'tasks', id), { method: 'DELETE' });
            go(to(['jobs', job], { tab: 'tasks' }));
            return `${id} is deleted`;
          },
        }),
    },
  ];
}
