import type { Job } from '../../client/batch.ts';
import { taskCounts } from '../../client/batch.ts';
import { useResource } from '../../client/resource.ts';
import { Badge, StateBar, taskParts } from '../../parts/states.tsx';
import { Tick, TickAll } from '../../parts/Tick.tsx';
import type { Chosen } from '../../parts/useChosen.ts';
import { Name, Since, Time } from '../../parts/text.tsx';
import { count, duration, NONE, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

/** Jobs, a line each. `chosen`: some can be. */
export function JobTable({ jobs, chosen }: { readonly jobs: readonly Job[]; readonly chosen?: Chosen | undefined }) {
  return (
    <div class="scroll-x">
      <table class="rows">
        <thead>
          <tr>
            {chosen === undefined ? null : <TickAll all={jobs.every(({ id }) => chosen.has(id))} chosen={chosen} />}
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col" class="wide-cell">Tasks</th>
            <th scope="col" class="n">Done</th>
            <th scope="col" class="n">Failed</th>
            <th scope="col" class="narrow-hide">Pool</th>
            <th scope="col" class="narrow-hide n">Started</th>
            <th scope="col" class="narrow-hide n">Lasted</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} chosen={chosen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Jobs that are over are counted once. */
const BEATS_WHEN_OVER = 30;

function JobRow({ job: { id, state, poolInfo, executionInfo, creationTime }, chosen }: { readonly job: Job; readonly chosen: Chosen | undefined }) {
  const { data } = useResource(`counts ${id}`, (signal) => taskCounts(id, signal), { beats: state === 'completed' ? BEATS_WHEN_OVER : 1 });
  const counts = data?.taskCounts;
  const pool = executionInfo?.poolId ?? poolInfo?.poolId;
  const { startTime = creationTime, endTime } = executionInfo ?? {};
  const all = counts === undefined ? 0 : counts.active + counts.running + counts.completed;
  return (
    <tr data-row tabIndex={-1} aria-selected={chosen?.has(id)}>
      {chosen === undefined ? null : <Tick id={id} chosen={chosen} />}
      <td>
        <a href={to(['jobs', id])} data-open>
          <Name most={48} mono>{id}</Name>
        </a>
      </td>
      <td>
        <Badge of="job" state={state} />
      </td>
      <td class="wide-cell">{counts === undefined ? <div class="bar thin" /> : <StateBar thin parts={taskParts(counts)} />}</td>
      <td class="n">{counts === undefined ? NONE : <>{percent(counts.completed, all)} <span class="soft narrow-hide">of {count(all)}</span></>}</td>
      <td class="n">{counts === undefined ? NONE : counts.failed === 0 ? <span class="soft">0</span> : <a class="bad-t strong" href={to(['jobs', id], { tab: 'tasks', state: 'failed' })}>{count(counts.failed)}</a>}</td>
      <td class="narrow-hide">{pool === undefined || pool === '' ? NONE : <a href={to(['pools', pool])}><Name most={32}>{pool}</Name></a>}</td>
      <td class="narrow-hide n">
        <Time at={startTime} />
      </td>
      <td class="narrow-hide n">{endTime === undefined ? <Since at={startTime} /> : <Lasted from={startTime} to={endTime} />}</td>
    </tr>
  );
}

function Lasted({ from, to: end }: { readonly from: string; readonly to: string }) {
  return <>{duration(Date.parse(end) - Date.parse(from))}</>;
}
