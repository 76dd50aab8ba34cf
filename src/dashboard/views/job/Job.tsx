import type { Counts } from '../../charts/counts.ts';
import { neverOf } from '../../charts/estimate.ts';
import type { Job as JobData } from '../../client/batch.ts';
import { own } from '../../client/own.ts';
import { ask, act, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Fault, Loaded } from '../../parts/Card.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { Head } from '../../parts/Head.tsx';
import { Icon } from '../../parts/Icon.tsx';
import type { MenuItem } from '../../parts/Menu.tsx';
import { Badge } from '../../parts/states.tsx';
import { currentTab, Tabs, type Tab } from '../../parts/Tabs.tsx';
import { Name, Since, Time } from '../../parts/text.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { count, duration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import type { ViewProps } from '../../frame/views.ts';
import { go } from '../../client/place.ts';
import { Definition } from '../Definition.tsx';
import { EventList } from '../events/EventList.tsx';
import { download } from '../task/download.ts';
import { TaskTable } from '../tasks/TaskTable.tsx';
import { addTasks } from './addTasks.tsx';
import { JobBanner } from './JobBanner.tsx';
import { JobFigures } from './JobFigures.tsx';
import { JobGraph } from './JobGraph.tsx';
import { JobNodes } from './JobNodes.tsx';
import { NotifyBell } from './NotifyBell.tsx';
import { Summary } from './Summary.tsx';
import { TimelineCard } from './TimelineCard.tsx';
import { useCounts } from './useCounts.ts';

export function Job({ ids: [id = ''] }: ViewProps) {
  const path = pathOf('jobs', id);
  const job = useResource(path, (signal) => ask<JobData>(path, { signal }), { follows: `job:${id}` });
  const counts = useCounts(id);
  if (job.data === undefined) {
    return (
      <>
        <Head crumbs={[{ word: 'Jobs', href: '#/jobs' }]} title={id} />
        {job.error === undefined ? <Loaded of={job} height={240}>{() => null}</Loaded> : <Card title="Job"><Fault error={job.error} retry={job.reload} /></Card>}
        {job.error?.status === 404 ? <EventList query={{ job: id }} /> : null}
      </>
    );
  }
  return <JobView job={job.data} counts={counts} />;
}

const WHY_BEATS = 3;

function JobView({ job, counts }: { readonly job: JobData; readonly counts: Counts | undefined }) {
  const { id } = job;
  const why = useResource((counts?.active ?? 0) === 0 ? null : `${id} why`, (signal) => own.explain(`jobs/${encodeURIComponent(id)}`, signal), { beats: WHY_BEATS });
  const reasons = why.data?.reasons ?? [];
  const tabs: readonly Tab[] = [
    { id: 'summary', word: 'Summary' },
    { id: 'tasks', word: 'Tasks', note: counts === undefined ? undefined : count(counts.active + counts.running + counts.completed) },
    { id: 'timeline', word: 'Timeline' },
    { id: 'graph', word: 'Graph' },
    { id: 'nodes', word: 'Nodes' },
    { id: 'events', word: 'Events' },
    { id: 'definition', word: 'Definition' },
  ];
  return (
    <>
      <Head crumbs={[{ word: 'Jobs', href: '#/jobs' }]} title={id} badge={<Badge of="job" state={job.state} />} sub={<JobSub job={job} />} actions={<JobActions job={job} />} more={mayWrite() ? moreOf(job) : []} />
      <JobBanner job={id} counts={counts} reasons={reasons} />
      <section class="card" aria-label="Progress">
        {counts === undefined ? <div class="skeleton" /> : <JobFigures job={job} counts={counts} never={Math.min(counts.active, neverOf(reasons))} />}
      </section>
      <Tabs tabs={tabs} />
      <TabOf tab={currentTab(tabs)} job={job} />
    </>
  );
}

function TabOf({ tab, job }: { readonly tab: string; readonly job: JobData }) {
  switch (tab) {
    case 'tasks':
      return <TaskTable job={job.id} />;
    case 'timeline':
      return <TimelineCard job={job.id} />;
    case 'graph':
      return <JobGraph job={job.id} uses={job.usesTaskDependencies === true} />;
    case 'nodes':
      return <JobNodes job={job} />;
    case 'events':
      return <EventList query={{ job: job.id }} />;
    case 'definition':
      return <Definition value={job} />;
    default:
      return <Summary job={job.id} />;
  }
}

function JobSub({ job: { poolInfo, executionInfo, priority = 0, creationTime } }: { readonly job: JobData }) {
  const pool = executionInfo?.poolId ?? poolInfo?.poolId;
  const { startTime = creationTime, endTime, terminateReason } = executionInfo ?? {};
  return (
    <>
      {pool === undefined ? null : <>on <a href={to(['pools', pool])}><Name most={32}>{pool}</Name></a> · </>}
      priority {priority} · started <Time at={startTime} />
      {endTime === undefined ? <>, <b class="strong"><Since at={startTime} /></b> ago</> : <>, lasted <b class="strong">{duration(Date.parse(endTime) - Date.parse(startTime))}</b></>}
      {terminateReason === undefined ? null : <> · <Name>{terminateReason}</Name></>}
    </>
  );
}

function JobActions({ job }: { readonly job: JobData }) {
  const { id, state } = job;
  const turn = turnOf(job);
  return (
    <>
      <NotifyBell job={id} />
      {!mayWrite() || turn === null ? null : (
        <>
          <button type="button" class="btn pri wide-only" onClick={() => addTasks(id)}>
            <Icon name="plus" /> Add tasks…
          </button>
          <button type="button" class="btn wide-only" onClick={turn.act}>{turn.word}</button>
        </>
      )}
      {state === 'completed' ? <button type="button" class="btn wide-only" onClick={() => report(id)}>Report</button> : null}
    </>
  );
}

function report(id: string): void {
  download(`/linarite${pathOf('jobs', id)}/report`, `${id}.html`);
}

/** Enable or disable, undone by each other; null: its state allows neither. */
function turnOf({ id, state }: JobData): MenuItem | null {
  const path = pathOf('jobs', id);
  const enable = (): Promise<void> => act(`${path}/enable`, {});
  const disable = (): Promise<void> => act(`${path}/disable`, { body: { disableTasks: 'wait' } });
  if (state === 'active') return { word: 'Disable', act: () => atOnce(`${id} is disabled: tasks that run go on`, disable, { word: 'Enable', act: enable }) };
  return state === 'disabled' ? { word: 'Enable', act: () => atOnce(`${id} is enabled`, enable, { word: 'Disable', act: disable }) } : null;
}

function moreOf(job: JobData): readonly MenuItem[] {
  const { id, state, poolInfo } = job;
  const path = pathOf('jobs', id);
  const turn = turnOf(job);
  const isOpen = state === 'active' || state === 'disabled';
  return [
    { word: 'What if…', act: () => go(to(['whatif'], { load: 'job', job: id, pool: poolInfo?.poolId ?? '' })) },
    { word: 'Report (HTML)', act: () => report(id) },
    ...(isOpen ? [{ word: 'Add tasks…', act: () => addTasks(id), narrow: true }] : []),
    ...(turn === null ? [] : [{ ...turn, narrow: true }]),
    ...(isOpen
      ? [
          {
            word: 'Terminate…',
            act: () =>
              showDialog({
                title: `Terminate ${id}?`,
                verb: 'Terminate',
                danger: true,
                body: <p>Its tasks that run are ended, those that wait will not run. A job that has ended does not begin again.</p>,
                act: async () => {
                  await act(`${path}/terminate`, { body: { terminateReason: 'ended on the page' } });
                  return `${id} ends`;
                },
              }),
          },
        ]
      : []),
    {
      word: 'Delete…',
      danger: true,
      act: () =>
        showDialog({
          title: `Delete ${id}?`,
          verb: 'Delete',
          danger: true,
          typed: id,
          body: <p>The job, its tasks and their files on nodes are gone for good.</p>,
          act: async () => {
            await act(path, { method: 'DELETE' });
            go('#/jobs');
            return `${id} is being deleted`;
          },
        }),
    },
  ];
}
