import { listJobs, listPools } from '../../client/batch.ts';
import { useResource } from '../../client/resource.ts';
import { own, type Overview as OverviewData } from '../../client/own.ts';
import { Card, Empty, Loaded } from '../../parts/Card.tsx';
import { Figure } from '../../parts/Figure.tsx';
import { Head } from '../../parts/Head.tsx';
import { Meter } from '../../parts/states.tsx';
import { count, money, percent } from '../../text/format.ts';
import { to } from '../../routes/route.ts';
import { LatestEvents } from '../events/LatestEvents.tsx';
import { JobTable } from '../jobs/JobTable.tsx';
import { PoolTable } from '../pools/PoolTable.tsx';
import { AttentionList } from './AttentionList.tsx';
import { FirstSteps } from './FirstSteps.tsx';

const SHOWN = 8;
const FOLLOWS = { follows: 'overview' };

export function Overview() {
  const overview = useResource('overview', own.overview, FOLLOWS);
  const jobs = useResource('jobs', (signal) => listJobs({ signal, state: 'active' }), FOLLOWS);
  const pools = useResource('pools', listPools, FOLLOWS);
  const isNew = pools.data?.value.length === 0 && jobs.data?.value.length === 0;
  return (
    <>
      <Head title="Overview" />
      <Loaded of={overview} height={92}>
        {(data) => (
          <>
            <AttentionList rows={data.attention} />
            <Tiles data={data} />
          </>
        )}
      </Loaded>
      {isNew ? <FirstSteps /> : null}
      <div class="cols">
        <div class="stack">
          <Card title="Active jobs" flush aside={<a class="link" href="#/jobs">All jobs</a>}>
            <Loaded of={jobs}>{({ value }) => (value.length === 0 ? <div class="card-pad"><Empty>No job is active. Those that have ended stand under <a href={to(['jobs'], { state: 'completed' })}>completed</a>.</Empty></div> : <JobTable jobs={value.slice(0, SHOWN)} follows />)}</Loaded>
          </Card>
          <Card title="Pools" flush aside={<a class="link" href="#/pools">All pools</a>}>
            <Loaded of={pools}>{({ value }) => (value.length === 0 ? <div class="card-pad"><Empty command="linarite run --items 1,2,3 --shell -- 'echo {item}'">There is no pool. A run makes one of its own:</Empty></div> : <PoolTable pools={value.slice(0, SHOWN)} />)}</Loaded>
          </Card>
        </div>
        <div class="stack">
          <LatestEvents />
          {overview.data === undefined || overview.data.quotas.length === 0 ? null : <Quotas quotas={overview.data.quotas} />}
        </div>
      </div>
    </>
  );
}

function Tiles({ data: { counts, cost } }: { readonly data: OverviewData }) {
  return (
    <section class="card" aria-label="The account">
      <div class="nums">
        <Figure value={count(counts.running)} label="tasks running" hue="run" icon="play" />
        <Figure value={count(counts.waiting)} label="waiting" hue="wait" icon="ring" />
        <Figure value={count(counts.failed24h)} label="failed in 24 h" {...(counts.failed24h > 0 ? { hue: 'bad' as const, icon: 'cross' as const } : {})} />
        <Figure value={count(counts.activeJobs)} label="active jobs" href={to(['jobs'])} />
        <Figure value={count(counts.nodes)} of={counts.nodes === counts.targetNodes ? undefined : `of ${count(counts.targetNodes)}`} label="nodes" href={to(['pools'])} right />
        <Figure value={count(counts.pools)} label="pools" href={to(['pools'])} />
        <Figure value={money(cost.perHour, cost.currency)} label="an hour, at list prices" href={to(['cost'])} />
        <Figure value={money(cost.month, cost.currency)} label="this month" href={to(['cost'])} />
      </div>
    </section>
  );
}

const QUOTA_WORDS: Readonly<Record<string, string>> = { dedicatedCores: 'dedicated cores', lowPriorityCores: 'low-priority cores', pools: 'pools', activeJobs: 'active jobs and schedules' };
/** A quota that is nearly used up. */
const NEAR = 0.7;

function Quotas({ quotas }: { readonly quotas: OverviewData['quotas'] }) {
  return (
    <Card title="Quotas">
      <ul class="why">
        {quotas.map(({ name, used, limit }) => (
          <li key={name}>
            <span>{QUOTA_WORDS[name] ?? name}</span>
            <span>
              {count(used)} <span class="soft">of {count(limit)}</span>
            </span>
            <Meter part={used} whole={limit} hue={used / limit >= NEAR ? 'come' : 'run'} label={percent(used, limit)} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
