import { own, type Histogram } from '../../client/own.ts';
import { useResource } from '../../client/resource.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Meter } from '../../parts/states.tsx';
import { Name } from '../../parts/text.tsx';
import { sentence, shortNode } from '../../text/clean.ts';
import { count, duration, NONE } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { LatestEvents } from '../events/LatestEvents.tsx';
import { FixButtons } from '../fixes.tsx';
import { HistogramChart } from './HistogramChart.tsx';
import { TimelineCard } from './TimelineCard.tsx';

const HISTOGRAM_BEATS = 3;

export function Summary({ job }: { readonly job: string }) {
  return (
    <div class="cols">
      <div class="stack">
        <TimelineCard job={job} />
        <div class="two">
          <HistogramCard job={job} of="run" title="Run time" hue="ok" />
          <HistogramCard job={job} of="wait" title="Waiting time" hue="wait" />
        </div>
      </div>
      <div class="stack">
        <WhyWaiting job={job} />
        <Slowest job={job} />
        <LatestEvents query={{ job }} />
      </div>
    </div>
  );
}

function HistogramCard({ job, of, title, hue }: { readonly job: string; readonly of: Histogram['of']; readonly title: string; readonly hue: 'ok' | 'wait' }) {
  const data = useResource(`${job} histogram ${of}`, (signal) => own.histogram(job, of, signal), { beats: HISTOGRAM_BEATS });
  return (
    <Card title={title} aside={<span class="soft small">{data.data === undefined ? '' : of === 'run' ? `${count(data.data.n)} ended` : 'from added to started'}</span>}>
      <Loaded of={data} height={120}>{(histogram) => (histogram.n === 0 ? <Empty>No task has {of === 'run' ? 'ended' : 'started'} yet.</Empty> : <HistogramChart data={histogram} hue={hue} />)}</Loaded>
    </Card>
  );
}

/** Why tasks wait, the most tasks first. */
function WhyWaiting({ job }: { readonly job: string }) {
  const why = useResource(`${job} why`, (signal) => own.explain(`jobs/${encodeURIComponent(job)}`, signal));
  return (
    <Card title="Why tasks wait">
      <Loaded of={why}>
        {({ reasons: all }) => {
          const reasons = all.filter(({ code }) => !NOT_WAITING.has(code));
          if (reasons.length === 0) return <Empty>No task waits.</Empty>;
          const most = Math.max(...reasons.map(({ count: tasks = 1 }) => tasks));
          return (
            <ul class="why">
              {reasons.map(({ code, message, count: tasks = 1, example, never = false, fixes = [] }) => (
                <li key={`${code} ${message}`}>
                  <span class={never ? 'bad-t strong' : ''}>{example === undefined ? wordsOf(code) : <a href={to(['jobs', job, 'tasks', example])}>{wordsOf(code)}</a>}</span>
                  <b class={never ? 'bad-t' : ''}>{count(tasks)}</b>
                  <Meter part={tasks} whole={most} hue={never ? 'bad' : 'wait'} label={`${count(tasks)} tasks`} />
                  <small>{sentence(message)}</small>
                  {never ? <FixButtons fixes={fixes} primary={false} /> : null}
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Card>
  );
}

/** What explains tasks that wait for nothing. */
const NOT_WAITING: ReadonlySet<string> = new Set(['Running', 'Preparing', 'TaskCompleted']);

/** `DependenciesNotMet`: dependencies not met. */
function wordsOf(code: string): string {
  const words = code.replaceAll(/([a-z])([A-Z])/g, (_match, before: string, after: string) => `${before} ${after.toLowerCase()}`);
  return words;
}

function Slowest({ job }: { readonly job: string }) {
  const rows = useResource(`${job} slowest`, (signal) => own.tasks(job, { sort: '-runTime', from: 0, count: 5 }, signal), { beats: HISTOGRAM_BEATS });
  return (
    <Card title="Slowest" aside={<a class="link" href={to(['jobs', job], { tab: 'tasks', sort: '-runTime' })}>All</a>}>
      <Loaded of={rows}>
        {({ rows: slow }) => {
          const ran = slow.filter(({ runMs }) => runMs !== undefined);
          if (ran.length === 0) return <Empty>No task has run yet.</Empty>;
          return (
            <ul class="list">
              {ran.map(({ id, node, runMs }) => (
                <li key={id}>
                  <a class="grow line" href={to(['jobs', job, 'tasks', id])}><Name mono most={28}>{id}</Name></a>
                  <span class="soft mono">{node === undefined ? NONE : shortNode(node)}</span>
                  <b>{duration(runMs ?? 0)}</b>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Card>
  );
}
