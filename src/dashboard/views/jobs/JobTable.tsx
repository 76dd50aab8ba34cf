import { useRef } from 'preact/hooks';
import type { Job } from '../../client/batch.ts';
import { taskCounts } from '../../client/batch.ts';
import { useResource } from '../../client/resource.ts';
import { Badge, StateBar, taskParts } from '../../parts/states.tsx';
import { Tick, TickAll } from '../../parts/Tick.tsx';
import type { Chosen } from '../../parts/useChosen.ts';
import { Name, Since, Time } from '../../parts/text.tsx';
import { count, duration, NONE, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { useToldCounts, type Told } from './useToldCounts.ts';

interface JobTableProps {
  readonly jobs: readonly Job[];
  /** Some can be. */
  readonly chosen?: Chosen | undefined;
  /** Whether changes of the account are what counts are renewed by; else they are asked for with each beat. */
  readonly follows?: boolean;
}

/** Jobs, a line each. */
export function JobTable({ jobs, chosen, follows = false }: JobTableProps) {
  const told = useToldCounts(follows);
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
            <JobRow key={job.id} job={job} chosen={chosen} told={told} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Jobs that are over are counted once; those whose changes are told at times all the same. */
const BEATS_WHEN_OVER = 30;
const BEATS_WHEN_TOLD = 15;

function JobRow({ job: { id, state, poolInfo, executionInfo, creationTime }, chosen, told: { isLive, agains, counts: told } }: { readonly job: Job; readonly chosen: Chosen | undefined; readonly told: Told }) {
  const askedAt = useRef(0);
  const { data } = useResource(
    `counts ${id}`,
    async (signal) => {
      const at = performance.now();
      const answer = await taskCounts(id, signal);
      askedAt.current = at;
      return answer;
    },
    { beats: state === 'completed' ? BEATS_WHEN_OVER : isLive ? BEATS_WHEN_TOLD : 1, again: agains },
  );
  const heard = told.get(id);
  const counts = heard !== undefined && heard.at >= askedAt.current ? heard.counts : data?.taskCounts;
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
