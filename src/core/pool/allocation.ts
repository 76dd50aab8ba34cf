import { managerOf } from '../jobManager.ts';
import { Capacity } from './capacity.ts';
import { allocationFailed, allocationTimedOut, type NodeKind, resizeStopped } from '../resizeErrors.ts';
import type { AutoScale, PoolIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import { joinQueue, leaveQueue } from '../job/poolQueue.ts';
import type { CoreState, Node, Pool } from '../model.ts';
import { startLeaving, stayAfterAll } from '../node/leaving.ts';
import { pendingReasons } from '../node/pending.ts';
import type { Random } from '../port.ts';
import type { PoolStatus, ResizeError } from '../status.ts';
import { autoScale } from './autoScale.ts';
import { grow } from './growth.ts';
import { meterNodes } from '../cost/meter.ts';
import { seekLowPriority } from './seeking.ts';
import { type OwnSample, samplesOf, type SampleRow } from './samples.ts';

/**
 * A pool's allocation.
 *
 * A request for a size makes it `resizing`: its targets become the pool's, in its status. Nodes that it names leave.
 * Missing nodes are acquired, nodes too many leave as the deallocation option says (the broken first, then those that
 * are not up, deallocated ones among them, then the idle, then those with the fewest tasks, that have run the
 * shortest). It is `steady` again when it has as many nodes as its targets and the others have left. It also becomes
 * `steady`, short of its targets and with a resize error that says why, when the provider failed to give some or has
 * room for no more, when the account has as many nodes as it may or its quota of cores is used up, when the time for
 * it ran out, when a client stopped it, or when no such node can be had here at all. What has been obtained by then
 * stays; what has not is given up; nodes still waiting to leave stay after all. Nothing is tried again until the next
 * request, but for low-priority nodes (seeking.ts). A node that is lost afterwards is acquired again by itself (node
 * life), whatever the pool is doing.
 *
 * An auto pool is asked to be deleted when no job and no schedule that it was made for is left.
 *
 * A deleted pool lets all its nodes go, requeueing what runs there, and is gone with the last of them. Jobs name pools
 * by id: they wait for the next pool of that id.
 */

export function upsertPool(state: CoreState, intent: PoolIntent, status: PoolStatus | null, samples: readonly SampleRow[] = [], own: readonly OwnSample[] = []): void {
  let pool = state.pools.get(intent.pool);
  if (pool === undefined) {
    pool = make(state, intent, status, samples, own);
    state.pools.set(intent.pool, pool);
    pool.queue.pool = pool;
  }
  pool.intent = intent;
  pool.isDismissed = false;
  state.awaitedPools.delete(pool.queue.poolIdKey);
  state.review.pools.add(pool);
  state.review.placement.add(pool);
}

function make(state: CoreState, intent: PoolIntent, status: PoolStatus | null, samples: readonly SampleRow[], own: readonly OwnSample[]): Pool {
  return {
    number: intent.pool,
    intent,
    status: status ?? {
      pool: intent.pool,
      allocationState: 'steady',
      allocationSince: intent.createdAt,
      resizeSequence: 0,
      stopSequence: 0,
      resizeErrors: [],
      targetDedicated: 0,
      targetLowPriority: 0,
      currentDedicated: 0,
      currentLowPriority: 0,
    },
    nodes: new Set(),
    capacity: new Capacity(),
    queue: joinQueue(state, intent.id),
    failures: { dedicated: null, lowPriority: null },
    seeking: { at: null, tries: 0 },
    offered: new Map(),
    stealing: 0,
    keeping: null,
    samples: samplesOf(samples, own),
    measure: null,
    scaleTimer: null,
    placementTimer: null,
    isDismissed: false,
    preemptionTimer: null,
    lastServed: new Map(),
    owed: new Map(),
    dirty: false,
  };
}

/** Advances a pool as far as it goes now. */
export function reviewPool(state: CoreState, pool: Pool, now: Instant, random: Random): void {
  if (state.shuttingDown || state.pools.get(pool.number) !== pool) return;
  const { intent } = pool;
  if (intent.deletedAt !== null) {
    remove(state, pool, now);
    return;
  }
  dismissUnused(state, pool);
  if (intent.autoScale) scale(state, pool, intent.autoScale, now, random);
  else {
    if (pool.status.autoScale) leaveFormula(state, pool, now);
    if (intent.resizeSequence > pool.status.resizeSequence) begin(state, pool, now);
  }
  if (pool.status.allocationState !== 'steady') advance(state, pool, now, random);
  if (pool.status.allocationState === 'steady') seekLowPriority(state, pool, missingOf(pool, 'lowPriority'), now, random);
  countNodes(state, pool, now);
}

/** An auto pool goes when all that it was made for is over: it is asked to be deleted, as a client would. */
function dismissUnused(state: CoreState, pool: Pool): void {
  if (!pool.intent.isAuto || pool.queue.madeFor.size > 0 || pool.isDismissed) return;
  pool.isDismissed = true;
  state.changes.request({ kind: 'deleteAutoPool', pool: pool.number });
}

function remove(state: CoreState, pool: Pool, now: Instant): void {
  if (pool.status.allocationState !== 'steady') finish(state, pool, [], now);
  for (const node of pool.nodes) startLeaving(state, node, now);
  countNodes(state, pool, now);
  if (pool.nodes.size > 0) return;
  state.pools.delete(pool.number);
  if (pool.queue.pool === pool) pool.queue.pool = null;
  leaveQueue(state, pool.queue);
  state.changes.poolGone(pool.number);
}

/** Works towards what the formula says, if that is not what the pool has, or is on its way to. */
function scale(state: CoreState, pool: Pool, asked: AutoScale, now: Instant, random: Random): void {
  const option = pool.status.autoScale?.option;
  countNodes(state, pool, now);
  const targets = autoScale(state, pool, asked, now, random);
  const { status } = pool;
  const isNew = pool.intent.resizeSequence > status.resizeSequence;
  const wanted = targets ?? (isNew ? { dedicated: status.targetDedicated, lowPriority: status.targetLowPriority } : null);
  if (wanted === null) return;
  const isAsBefore = !isNew && wanted.dedicated === status.targetDedicated && wanted.lowPriority === status.targetLowPriority;
  if (isAsBefore && (status.allocationState === 'steady' ? hasItsTargets(pool) : option === status.autoScale?.option)) return;
  // Which of them leave is decided anew.
  for (const node of pool.nodes) stayAfterAll(state, node, now);
  const { resizeSequence, stopSequence, resizeTimeoutMs } = pool.intent;
  // What was to be stopped was begun before.
  pool.status = { ...pool.status, stopSequence };
  work(state, pool, { resizeSequence, targetDedicated: wanted.dedicated, targetLowPriority: wanted.lowPriority, since: now, resizeTimeoutMs });
}

function hasItsTargets(pool: Pool): boolean {
  return KINDS.every((kind) => nodesOf(pool, kind).filter((node) => node.state !== 'leavingpool').length === target(pool, kind));
}

/** A resize that the formula began ends where it is (recorded); the pool keeps its targets. */
function leaveFormula(state: CoreState, pool: Pool, now: Instant): void {
  if (pool.status.allocationState !== 'steady') stop(state, pool, resizeStopped, now);
  pool.status = { ...pool.status, autoScale: null };
  pool.scaleTimer = null;
  state.changes.pool(pool);
}

function begin(state: CoreState, pool: Pool, now: Instant): void {
  const { resizeSequence, resizeRequestedAt, resizeTimeoutMs, targetDedicated, targetLowPriority } = pool.intent;
  // A request that waited for the service longer than its timeout still gets its whole time.
  const since = now - resizeRequestedAt < resizeTimeoutMs ? resizeRequestedAt : now;
  work(state, pool, { resizeSequence, targetDedicated, targetLowPriority, since, resizeTimeoutMs });
  for (const number of pool.intent.removing ?? []) {
    const node = state.nodes.get(number);
    if (node?.pool === pool) startLeaving(state, node, now);
  }
}

interface Wanted extends Pick<PoolStatus, 'resizeSequence' | 'targetDedicated' | 'targetLowPriority'> {
  readonly since: Instant;
  readonly resizeTimeoutMs: number;
}

function work(state: CoreState, pool: Pool, { since, resizeTimeoutMs, ...targets }: Wanted): void {
  pool.failures.dedicated = null;
  pool.failures.lowPriority = null;
  pool.status = { ...pool.status, ...targets, allocationState: 'resizing', allocationSince: since, resizeErrors: [] };
  state.changes.pool(pool);
  state.timers.set({ at: since + resizeTimeoutMs, kind: 'pool', pool: pool.number });
}

const KINDS: readonly NodeKind[] = ['dedicated', 'lowPriority'];

function advance(state: CoreState, pool: Pool, now: Instant, random: Random): void {
  const { intent, status, failures } = pool;
  if (intent.stopSequence >= status.resizeSequence && intent.stopSequence > status.stopSequence) return stop(state, pool, resizeStopped, now);
  const { unavailable } = intent;
  if (unavailable !== null && target(pool, 'dedicated') + target(pool, 'lowPriority') > 0) {
    const wanted = KINDS.filter((kind) => target(pool, kind) > 0);
    finish(state, pool, wanted.map((kind) => allocationFailed(kind, unavailable)), now);
    return;
  }
  let done = true;
  for (const kind of KINDS) {
    const nodes = nodesOf(pool, kind);
    const staying = nodes.filter((node) => node.state !== 'leavingpool');
    const missing = target(pool, kind) - staying.length;
    grow(state, pool, kind, missing, now, random);
    if (missing < 0) for (const node of firstToLeave(staying, now).slice(0, -missing)) startLeaving(state, node, now);
    if (missing < 0 || (missing > 0 && failures[kind] === null) || nodes.some(isUnsettled)) done = false;
  }
  if (done) finish(state, pool, errorsOf(pool), now);
  else if (status.allocationSince + intent.resizeTimeoutMs <= now) stop(state, pool, (kind) => allocationTimedOut(kind, pendingReasons(nodesOf(pool, kind).filter(({ obtained }) => !obtained))), now);
}

function missingOf(pool: Pool, kind: NodeKind): number {
  return target(pool, kind) - nodesOf(pool, kind).filter((node) => node.state !== 'leavingpool').length;
}

/** On its way in or out. The resize does not wait for a node that was given up before it was obtained. */
function isUnsettled(node: Node): boolean {
  return node.obtained === (node.state === 'leavingpool');
}

function target(pool: Pool, kind: NodeKind): number {
  return (kind === 'dedicated' ? pool.status.targetDedicated : pool.status.targetLowPriority);
}

function nodesOf(pool: Pool, kind: NodeKind): Node[] {
  return [...pool.nodes].filter((node) => node.dedicated === (kind === 'dedicated'));
}

/**
 * The broken and those that are taken back first, then those that are not there yet or not any more, those that are not
 * up and have nothing to do, then by how few tasks they run (silent ones may well work) and how short those have run,
 * those of job managers at
 * last, the newest first among equals.
 */
function firstToLeave(nodes: readonly Node[], now: Instant): Node[] {
  const rank = (node: Node): number => {
    if (node.state === 'unusable' || node.state === 'starttaskfailed' || node.state === 'preempted' || node.notice !== null) return -4;
    if (!node.obtained) return -3;
    if (node.isDeallocated) return -2;
    if ([...node.running].some(({ task }) => managerOf(task) !== null)) return Number.MAX_SAFE_INTEGER;
    return node.running.size === 0 && !node.ready ? -1 : node.running.size;
  };
  return [...nodes].sort((a, b) => rank(a) - rank(b) || workOn(a, now) - workOn(b, now) || a.offers.size - b.offers.size || b.number - a.number);
}

/** How long what runs there has run, in milliseconds: that much is lost if it has to run again. */
function workOn({ running }: Node, now: Instant): number {
  return [...running].reduce((ms, { task, subtask }) => ms + now - ((subtask ?? task.status).startedAt ?? now), 0);
}

/** Ends the resize where it is. */
function stop(state: CoreState, pool: Pool, error: (kind: NodeKind) => ResizeError, now: Instant): void {
  for (const node of pool.nodes) {
    if (node.state === 'leavingpool') stayAfterAll(state, node, now);
    else if (!node.obtained) startLeaving(state, node, now);
  }
  const short = KINDS.filter((kind) => nodesOf(pool, kind).filter((node) => node.state !== 'leavingpool').length !== target(pool, kind));
  const errors = [...errorsOf(pool), ...short.filter((kind) => pool.failures[kind] === null).map(error)];
  finish(state, pool, errors.filter((other, index) => errors.findIndex(({ message }) => message === other.message) === index), now);
}

function errorsOf({ failures }: Pool): ResizeError[] {
  return KINDS.flatMap((kind) => failures[kind] ?? []);
}

function finish(state: CoreState, pool: Pool, resizeErrors: readonly ResizeError[], now: Instant): void {
  pool.status = { ...pool.status, allocationState: 'steady', allocationSince: now, stopSequence: pool.intent.stopSequence, resizeErrors };
  state.changes.pool(pool);
  state.review.pools.add(pool);
}

/** Nodes count from when they have been obtained until they are gone. */
function countNodes(state: CoreState, pool: Pool, now: Instant): void {
  meterNodes(state, pool, now);
  let currentDedicated = 0;
  let currentLowPriority = 0;
  for (const node of pool.nodes) {
    if (!node.obtained) continue;
    if (node.dedicated) currentDedicated += 1;
    else currentLowPriority += 1;
  }
  if (currentDedicated === pool.status.currentDedicated && currentLowPriority === pool.status.currentLowPriority) return;
  pool.status = { ...pool.status, currentDedicated, currentLowPriority };
  state.changes.pool(pool);
}
