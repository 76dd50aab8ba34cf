import { useRef } from 'preact/hooks';
import type { Counts } from '../../charts/counts.ts';
import type { Job } from '../../client/batch.ts';
import { now } from '../../client/live.ts';
import { own } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { zone } from '../../client/settings.ts';
import { estimate, type Progress } from '../../charts/estimate.ts';
import { Figure } from '../../parts/Figure.tsx';
import { StateBar, taskParts } from '../../parts/states.tsx';
import { clockTime, count, duration, money, NONE, percent, rate, roughDuration } from '../../text/format.ts';
import { to } from '../../routes/route.ts';

/** Of the last minutes, a point each beat. */
const MOST_POINTS = 200;
const COST_BEATS = 15;
/** Closer than that nobody needs to know. */
const SOON_MS = 10_000;

/** How far the job is: each number leads to its rows. `never`: so many of its tasks can never start. */
export function JobFigures({ job, counts, never }: { readonly job: Job; readonly counts: Counts; readonly never: number }) {
  const all = counts.active + counts.running + counts.completed;
  const rows = (state: string): string => to(['jobs', job.id], { tab: 'tasks', state });
  const startedAt = Date.parse(job.executionInfo?.startTime ?? job.creationTime);
  const { endTime } = job.executionInfo ?? {};
  return (
    <>
      <div class="nums">
        <Figure value={count(counts.succeeded)} label="succeeded" hue="ok" icon="check" href={rows('succeeded')} />
        <Figure value={count(counts.failed)} label="failed" hue={counts.failed > 0 ? 'bad' : 'wait'} icon="cross" href={rows('failed')} />
        <Figure value={count(counts.running)} label="running" hue="run" icon="play" href={rows('running')} />
        <Figure value={count(counts.active)} label="waiting" hue="wait" icon="ring" href={rows('active')} />
        <Figure value={percent(counts.completed, all)} label={`of ${count(all)} tasks`} right />
        {endTime === undefined ? <Left counts={counts} all={all - never} never={never} startedAt={startedAt} /> : <Figure value={duration(Date.parse(endTime) - startedAt)} label="from start to end" />}
        <CostFigure job={job.id} />
      </div>
      <StateBar parts={taskParts(counts)} />
    </>
  );
}

function Left({ counts, all, never, startedAt }: { readonly counts: Counts; readonly all: number; readonly never: number; readonly startedAt: number }) {
  const points = useRef<Progress[]>([]);
  const last = points.current.at(-1);
  if (last === undefined || last.done !== counts.completed || now.value - last.at > 5_000) points.current = [...points.current.slice(-MOST_POINTS), { at: now.value, done: counts.completed }];
  const found = estimate(points.current, { startedAt, all, now: now.value });
  if (all + never > 0 && counts.completed >= all) return <Figure value={NONE} label={never === 0 ? 'all tasks have ended' : 'the rest can never start'} />;
  if (found === null) return <Figure value={NONE} label="no estimate yet" />;
  const { leftMs, leastMs, mostMs, perSecond } = found;
  const range = mostMs > leastMs * 1.2 ? `${roughDuration(leastMs)} to ${roughDuration(mostMs)}` : `done about ${clockTime(now.value + leftMs, { zone: zone.value, now: now.value }).slice(0, -3)}`;
  return (
    <>
      <Figure value={leftMs < SOON_MS ? 'soon' : roughDuration(leftMs)} label={`${leftMs < SOON_MS ? 'done' : `left, ${range}`}${never === 0 ? '' : `, without ${count(never)} that can never start`}`} />
      <Figure value={rate(perSecond)} label="last 5 min" />
    </>
  );
}

function CostFigure({ job }: { readonly job: string }) {
  const { data } = useResource(`cost ${job}`, (signal) => own.cost({ job }, signal), { beats: COST_BEATS });
  return data === undefined ? null : <Figure value={money(data.total.cost, data.currency)} label="so far, at list prices" />;
}
