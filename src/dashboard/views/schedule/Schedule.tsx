import type { Job, Page, Schedule as ScheduleData } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import type { ViewProps } from '../../frame/views.ts';
import { Card, Empty, Fault, Loaded } from '../../parts/Card.tsx';
import { Figure } from '../../parts/Figure.tsx';
import { Head } from '../../parts/Head.tsx';
import { Badge } from '../../parts/states.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { currentTab, Tabs, type Tab } from '../../parts/Tabs.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { duration, NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { Definition } from '../Definition.tsx';
import { EventList } from '../events/EventList.tsx';
import { JobTable } from '../jobs/JobTable.tsx';
import { scheduleActions } from './actions.tsx';

const TABS: readonly Tab[] = [{ id: 'jobs', word: 'Jobs' }, { id: 'events', word: 'Events' }, { id: 'definition', word: 'Definition' }];
const CRUMBS = [{ word: 'Schedules', href: '#/schedules' }];

/** A job schedule: when its next job comes, and those that it has made. */
export function Schedule({ ids: [id = ''] }: ViewProps) {
  const path = pathOf('jobschedules', id);
  const schedule = useResource(path, (signal) => ask<ScheduleData>(path, { signal }));
  if (schedule.data === undefined) {
    return (
      <>
        <Head crumbs={CRUMBS} title={id} />
        {schedule.error === undefined ? <Loaded of={schedule} height={240}>{() => null}</Loaded> : <Card title="Schedule"><Fault error={schedule.error} retry={schedule.reload} /></Card>}
      </>
    );
  }
  return <ScheduleView schedule={schedule.data} />;
}

function ScheduleView({ schedule }: { readonly schedule: ScheduleData }) {
  const { id, state, schedule: times = {} } = schedule;
  const { able, others } = scheduleActions(schedule);
  const actions = !mayWrite() || able === undefined ? null : <button type="button" class="btn" onClick={able.act}>{able.word}</button>;
  return (
    <>
      <Head crumbs={CRUMBS} title={id} badge={<Badge of="job" state={state} />} sub={times.recurrenceInterval === undefined ? 'one job' : `a job each ${times.recurrenceInterval}`} actions={actions} more={mayWrite() ? others : []} />
      <Times schedule={schedule} />
      <Tabs tabs={TABS} />
      <TabOf tab={currentTab(TABS)} schedule={schedule} />
    </>
  );
}

function Times({ schedule: { state, schedule = {}, executionInfo = {}, creationTime } }: { readonly schedule: ScheduleData }) {
  const { nextRunTime, recentJob, endTime } = executionInfo;
  const { doNotRunUntil, doNotRunAfter, startWindow } = schedule;
  const next = nextRunTime === undefined ? undefined : Date.parse(nextRunTime) - now.value;
  return (
    <section class="card" aria-label="The schedule">
      <div class="nums">
        <Figure value={next === undefined ? NONE : next > 0 ? duration(next) : 'now'} label={state === 'disabled' ? 'until the next job, once it is enabled' : 'until the next job'} hue={state === 'active' ? 'run' : 'hold'} icon="clock" />
        <dl class="facts">
          <dt>next job</dt>
          <dd><Time at={nextRunTime} /></dd>
          <dt>latest job</dt>
          <dd>{recentJob === undefined ? NONE : <a href={to(['jobs', recentJob.id])}><Name mono most={40}>{recentJob.id}</Name></a>}</dd>
          {startWindow === undefined ? null : [<dt key="within">to begin within</dt>, <dd key="window">{startWindow}</dd>]}
          {doNotRunUntil === undefined ? null : [<dt key="before">not before</dt>, <dd key="until"><Time at={doNotRunUntil} /></dd>]}
          {doNotRunAfter === undefined ? null : [<dt key="after">not after</dt>, <dd key="last"><Time at={doNotRunAfter} /></dd>]}
          <dt>{endTime === undefined ? 'created' : 'ended'}</dt>
          <dd><Time at={endTime ?? creationTime} /></dd>
        </dl>
      </div>
    </section>
  );
}

function TabOf({ tab, schedule }: { readonly tab: string; readonly schedule: ScheduleData }) {
  switch (tab) {
    case 'events':
      return <EventList query={{ jobSchedule: schedule.id }} />;
    case 'definition':
      return <Definition value={schedule} />;
    default:
      return <JobsTab schedule={schedule.id} />;
  }
}

const MOST_JOBS = 100;

function JobsTab({ schedule }: { readonly schedule: string }) {
  const path = `${pathOf('jobschedules', schedule)}/jobs`;
  const jobs = useResource(path, (signal) => ask<Page<Job>>(path, { query: { maxresults: MOST_JOBS }, signal }));
  return (
    <Card title="Jobs that it has made" flush>
      <Loaded of={jobs}>
        {(page) => <JobsOf page={page} />}
      </Loaded>
    </Card>
  );
}

function JobsOf({ page }: { readonly page: Page<Job> }) {
  const all = useMore(page, ({ id }) => id);
  return all.rows.length === 0 ? <div class="card-pad"><Empty>It has made no job yet.</Empty></div> : <><JobTable jobs={all.rows} /><More of={all} /></>;
}
