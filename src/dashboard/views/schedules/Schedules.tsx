import type { Page, Schedule } from '../../client/batch.ts';
import { ask } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { More, useMore } from '../../parts/More.tsx';
import { Badge } from '../../parts/states.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { scheduleActions } from '../schedule/actions.tsx';

export function Schedules() {
  const schedules = useResource('schedules', (signal) => ask<Page<Schedule>>('/jobschedules', { query: { maxresults: 100 }, signal }));
  return (
    <>
      <Head title="Schedules" />
      <Card title="Job schedules" flush>
        <Loaded of={schedules}>
          {(page) => <Rows page={page} />}
        </Loaded>
      </Card>
    </>
  );
}

function Rows({ page }: { readonly page: Page<Schedule> }) {
  const all = useMore(page, ({ id }) => id);
  if (all.rows.length === 0) return <div class="card-pad"><Empty command="az batch job-schedule create --id nightly --recurrence-interval PT24H --pool-id mypool">There is no job schedule. The first one:</Empty></div>;
  return (
    <>
      <div class="scroll-x">
        <table class="rows">
          <thead><tr><th scope="col">Schedule</th><th scope="col">State</th><th scope="col" class="n">Next run</th><th scope="col" class="narrow-hide">Each</th><th scope="col">Latest job</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
          <tbody>{all.rows.map((schedule) => <Row key={schedule.id} schedule={schedule} />)}</tbody>
        </table>
      </div>
      <More of={all} />
    </>
  );
}

function Row({ schedule }: { readonly schedule: Schedule }) {
  const { id, state, schedule: times, executionInfo } = schedule;
  const { able, others } = scheduleActions(schedule);
  const job = executionInfo?.recentJob?.id;
  return (
    <tr data-row tabIndex={-1}>
      <td><a href={to(['schedules', id])} data-open><Name mono>{id}</Name></a></td>
      <td><Badge of="job" state={state} /></td>
      <td class="n"><Time at={executionInfo?.nextRunTime} /></td>
      <td class="narrow-hide">{times?.recurrenceInterval ?? NONE}</td>
      <td>{job === undefined ? NONE : <a href={to(['jobs', job])}><Name mono>{job}</Name></a>}</td>
      <td class="n">{mayWrite() ? <Menu items={able === undefined ? others : [able, ...others]} label={`Actions on ${id}`} /> : null}</td>
    </tr>
  );
}
