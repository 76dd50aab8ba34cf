import { attemptOn } from './task/attempts.ts';
import { poolCensus } from './census.ts';
import type { Command, Decisions } from './decisions.ts';
import type { CoreEvent } from './events.ts';
import { runDrill, upsertDrills } from './drill/drill.ts';
import { explain, explainJob } from './explain/explain.ts';
import { explainNode } from './explain/node.ts';
import { explainPool } from './explain/pool.ts';
import { confirmEndings, hasEndingToGoOn, reviewJob, undoEnding, upsertJob } from './job/life.ts';
import { countUsage } from './cost/usage.ts';
import type { Instant, JobNumber, TaskNumber } from './keys.ts';
import { load } from './load.ts';
import type { CoreState, Job } from './model.ts';
import { leaseExpired, nodeAsked, observed, reviewNode, shutDown, silent, unheard } from './node/life.ts';
import { reported } from './node/reports.ts';
import { place } from './placement/place.ts';
import { reviewPool, upsertPool } from './pool/allocation.ts';
import { stopMeter } from './cost/meter.ts';
import { ingestMeasure, ingestOwnSamples } from './pool/samples.ts';
import { reviewSchedule, upsertSchedule } from './schedule/life.ts';
import { type Held, revive, weightOf } from './image.ts';
import type { Core, CreateCore, Random, ResumeCore } from './port.ts';
import { request, ingest } from './task/intake.ts';
import { releaseDependant, satisfy } from './task/open.ts';
import { passTime } from './task/lifetime.ts';
import { at } from './task/table.ts';
import { EXPLAIN_LIST, RELEASES_PER_DECIDE } from './tunables.ts';
import { underWay } from './underWay.ts';

/** The rules of one account: see README.md of this folder. */
export const createCore: CreateCore = (snapshot, now) => {
  return rulesOn({ state: load(snapshot, now), lastNow: now });
};

/** The same rules, from what those before held between two ticks. */
export const resumeCore: ResumeCore = ({ held }) => {
  revive(held.state);
  return rulesOn(held);
};

function rulesOn(held: Held): Core {
  const { state } = held;
  let { lastNow } = held;
  return {
    apply: (event, now) => apply(state, event, now),
    decide: (now, random) => {
      lastNow = now;
      return decide(state, now, random);
    },
    nextTimer: () => (state.releases.length > 0 || hasEndingToGoOn(state) ? lastNow : state.timers.next()),
    underWay: () => underWay(state),
    isOpen: (job, task) => isOpen(state, job, task),
    explain: (job, task, now) => explain(state, job, task, now),
    explainJob: (job, now) => explainJob(state, job, now),
    explainPool: (pool) => explainPool(state, pool),
    explainNode: (node) => explainNode(state, node),
    poolCensus: () => poolCensus(state),
    image: () => ({ weight: weightOf(state), held: { state, lastNow } }),
  };
}

function isOpen(state: CoreState, jobNumber: JobNumber, task: TaskNumber): boolean {
  const job = state.jobs.get(jobNumber);
  return job !== undefined && (task > job.ingested || job.directory.get(task) !== -1);
}

function apply(state: CoreState, event: CoreEvent, now: Instant): void {
  state.now = now;
  switch (event.kind) {
    case 'pool':
      upsertPool(state, event.intent, null);
      return;
    case 'job':
      upsertJob(state, event.intent, event.status);
      return;
    case 'schedule':
      upsertSchedule(state, event.schedule);
      return;
    case 'nodeAsked': {
      const node = state.nodes.get(event.intent.node);
      if (node !== undefined) nodeAsked(state, node, event.intent);
      return;
    }
    case 'tasks': {
      const job = state.jobs.get(event.job);
      if (job !== undefined) ingestNew(state, job, event, now);
      return;
    }
    case 'task': {
      const job = state.jobs.get(event.job);
      if (job !== undefined && event.task.intent.task <= job.ingested) request(state, job, event.task, now);
      return;
    }
    case 'satisfied': {
      const job = state.jobs.get(event.job);
      if (job !== undefined) for (const idKey of event.ids) satisfy(state, job, idKey);
      return;
    }
    case 'endingRefused':
      undoEnding(state, event.job);
      return;
    case 'shutdown':
      state.shuttingDown = true;
      for (const node of state.nodes.values()) shutDown(state, node, now);
      for (const pool of state.pools.values()) stopMeter(state, pool, now);
      return;
    case 'room':
      state.room = event.maxNodes;
      state.maxPools = event.maxPools ?? null;
      return;
    case 'drills':
      upsertDrills(state, event.drills, now);
      return;
    case 'measured': {
      const pool = state.pools.get(event.pool);
      if (pool !== undefined) ingestMeasure(state, pool, event.measure);
      return;
    }
    case 'ownSamples': {
      const pool = state.pools.get(event.pool);
      if (pool !== undefined) ingestOwnSamples(pool, event.samples, now);
      return;
    }
    case 'quotas':
      state.quotas = event.quotas;
      return;
    case 'node':
    case 'agent':
    case 'leaseExpired':
    case 'unheard':
    case 'silent': {
      const node = state.nodes.get(event.node);
      if (node === undefined) return;
      if (event.kind === 'node') observed(state, node, event.life, event.observed, now);
      else if (event.kind === 'agent') reported(state, node, event.report, now);
      else if (event.kind === 'leaseExpired') leaseExpired(state, node, now);
      else if (event.kind === 'unheard') unheard(state, node, event.step, now);
      else silent(state, node);
    }
  }
}

function ingestNew(state: CoreState, job: Job, { through, tasks }: Extract<CoreEvent, { kind: 'tasks' }>, now: Instant): void {
  for (const intake of tasks) if (intake.intent.task > job.ingested) ingest(state, job, intake, now);
  job.ingested = Math.max(job.ingested, through);
  state.changes.job(job);
  state.review.jobs.add(job);
}

function decide(state: CoreState, now: Instant, random: Random): Decisions {
  const { review, releases } = state;
  state.now = now;
  confirmEndings(state);
  passTime(state, now);
  const fired = fireTimers(state, now);
  const isStill = !fired && releases.length + review.jobs.size + review.schedules.size + review.pools.size + review.nodes.size + review.placement.size === 0;
  releaseDependants(state);
  settle(state, now, random);
  if (!state.shuttingDown) for (const pool of drain(state.review.placement)) place(state, pool, now);
  countUsage(state, now);
  const decisions = state.changes.collect(isStill);
  return { ...decisions, commands: decisions.commands.filter((command) => stillMeant(state, command)) };
}

/** Returns whether any was due. */
function fireTimers(state: CoreState, now: Instant): boolean {
  let fired = false;
  for (let timer = state.timers.due(now); timer !== null; timer = state.timers.due(now)) {
    fired = true;
    switch (timer.kind) {
      case 'pool':
        addKnown(state.review.pools, state.pools.get(timer.pool));
        break;
      case 'job':
        addKnown(state.review.jobs, state.jobs.get(timer.job));
        break;
      case 'schedule':
        addKnown(state.review.schedules, state.schedules.get(timer.schedule));
        break;
      case 'node':
        addKnown(state.review.nodes, state.nodes.get(timer.node));
        break;
      case 'usage':
        break;
      case 'drill':
        runDrill(state, timer.drill, now);
        break;
      case 'placement':
        addKnown(state.review.placement, state.pools.get(timer.pool));
        break;
    }
  }
  return fired;
}

function addKnown<Item>(set: Set<Item>, item: Item | undefined): void {
  if (item !== undefined) set.add(item);
}

/** In pages, so that a parent of a hundred thousand tasks does not delay the tick in which it ends. */
function releaseDependants(state: CoreState): void {
  let room = RELEASES_PER_DECIDE;
  while (room > 0) {
    const [next] = state.releases;
    if (next === undefined) return;
    const until = Math.min(next.tasks.length, next.done + room);
    room -= until - next.done;
    for (; next.done < until; next.done++) releaseDependant(state, next.job, at(next.tasks, next.done));
    if (next.done >= next.tasks.length) state.releases.shift();
  }
}

/**
 * Jobs, schedules, pools and nodes push each other on until nothing moves. Each step brings something nearer to its
 * end, so few rounds do.
 */
function settle(state: CoreState, now: Instant, random: Random): void {
  const { jobs, schedules, pools, nodes } = state.review;
  for (let round = 0; jobs.size + schedules.size + pools.size + nodes.size > 0; round++) {
    if (round > MOST_ROUNDS) throw new Error(`the rules do not settle: ${unsettled(state)}`);
    for (const job of drain(jobs)) reviewJob(state, job, now, random);
    for (const schedule of drain(schedules)) reviewSchedule(state, schedule, now);
    for (const pool of drain(pools)) reviewPool(state, pool, now, random);
    for (const node of drain(nodes)) reviewNode(state, node, now);
  }
}

const MOST_ROUNDS = 100;

function unsettled({ review }: CoreState): string {
  return (['jobs', 'schedules', 'pools', 'nodes'] as const).map((kind) => `${kind} ${[...review[kind]].slice(0, EXPLAIN_LIST).map(({ number }) => number).join(', ') || 'none'}`).join('; ');
}

function drain<Item>(set: Set<Item>): Item[] {
  if (set.size === 0) return [];
  const items = [...set];
  set.clear();
  return items;
}

/** An offer of this tick may have been withdrawn, or its task ended, within the same tick. */
function stillMeant(state: CoreState, command: Command): boolean {
  if (command.kind !== 'offer') return true;
  const node = state.nodes.get(command.node);
  const live = node === undefined ? null : attemptOn(state, node, command.key);
  return live !== null && !live.started;
}
