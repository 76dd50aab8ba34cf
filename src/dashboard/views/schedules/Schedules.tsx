import type { Schedule } from '../../client/batch.ts';
import { act, ask, pathOf } from '../../client/request.ts';
import { useResource } from '../../client/resource.ts';
import { mayWrite } from '../../client/session.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Head } from '../../parts/Head.tsx';
import { Menu } from '../../parts/Menu.tsx';
import { Badge } from '../../parts/states.tsx';
import { Name, Time } from '../../parts/text.tsx';
import { showDialog } from '../../parts/Dialog.tsx';
import { atOnce } from '../../parts/toasts.tsx';
import { NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

export function Schedules() {
  const schedules = useResource('schedules', (signal) => ask<{ readonly value: readonly Schedule[] }>('/jobschedules', { query: { maxresults: 100 }, signal }));
  return (
    <>
      <Head title="Schedules" />
      <Card title="Job schedules" flush>
        <Loaded of={schedules}>
          {({ value }) =>
            value.length === 0 ? (
              <div class="card-pad"><Empty command="az batch job-schedule create --id nightly --recurrence-interval PT24H --pool-id mypool">There is no job schedule. The first one:</Empty></div>
            ) : (
              <div class="scroll-x">
                <table class="rows">
                  <thead><tr><th scope="col">Schedule</th><th scope="col">State</th><th scope="col" class="n">Next run</th><th scope="col" class="narrow-hide">Each</th><th scope="col">Latest job</th><th scope="col"><span class="unseen">Actions</span></th></tr></thead>
                  <tbody>{value.map((schedule) => <Row key={schedule.id} schedule={schedule} />)}</tbody>
                </table>
              </div>
            )
          }
        </Loaded>
      </Card>
    </>
  );
}

function Row({ schedule: { id, state, schedule, executionInfo } }: { readonly schedule: Schedule }) {
  const path = pathOf('jobschedules', id);
  const job = executionInfo?.recentJob?.id;
  const enable = (): Promise<void> => act(`${path}/enable`, {});
  const disable = (): Promise<void> => act(`${path}/disable`, {});
  const items = [
    state === 'disabled' ? { word: 'Enable', act: () => atOnce(`${id} is enabled`, enable, { word: 'Disable', act: disable }) } : { word: 'Disable', act: () => atOnce(`${id} is disabled`, disable, { word: 'Enable', act: enable }) },
    {
      word: 'Terminate…',
      danger: true,
      act: () => showDialog({ title: `Terminate ${id}?`, verb: 'Terminate', danger: true, body: <p>It makes no more jobs; the one that is active is ended.</p>, act: async () => {
        await act(`${path}/terminate`, {});
        return `${id} ends`;
      } }),
    },
  ];
  return (
    <tr data-row tabIndex={-1}>
      <td><Name mono>{id}</Name></td>
      <td><Badge of="job" state={state} /></td>
      <td class="n"><Time at={executionInfo?.nextRunTime} /></td>
      <td class="narrow-hide">{schedule?.recurrenceInterval ?? NONE}</td>
      <td>{job === undefined ? NONE : <a href={to(['jobs', job])} data-open><Name mono>{job}</Name></a>}</td>
      <td class="n">{mayWrite() ? <Menu items={items} label={`Actions on ${id}`} /> : null}</td>
    </tr>
  );
}
