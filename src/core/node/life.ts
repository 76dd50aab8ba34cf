import { attemptOn, deallocation, endCommand, keyOf, offerCommand, withdraw, withdrawTask } from '../task/attempts.ts';
import type { AgentReport, HeldAttempt, NodeObservation, SilenceStep } from '../events.ts';
import { allocationFailed } from '../task/failures.ts';
import { forgetNodeOfJobs, reconcileJobs } from '../job/onNode.ts';
import { jobTaskSaid, outdateJobTasks, remindOfJobTasks } from '../job/preparation.ts';
import { reviewEndingJobs } from '../job/release.ts';
import { works, workingState } from './activity.ts';
import type { NodeDeallocationOption, NodeIntent, NodeRestart } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Live, Node, Pool } from '../model.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import type { Random } from '../port.ts';
import type { NodeState, NodeStatus, StartTaskStatus } from '../status.ts';
import { coordinated, ended, loseAttempts, preparing, revoked, started } from '../task/life.ts';
import { MISSING_AFTER_MS, NODE_SETTLED_MS, REACQUIRE_FIRST_MS, REACQUIRE_MAX_MS } from '../tunables.ts';

/**
 * The life of a node.
 *
 * `creating`: asked of the provider, which may say what it waits for (`pending`). Its agent says hello: `starting`,
 * then, if the pool's start task has to succeed first, `waitingforstarttask`, and when that failed `starttaskfailed`.
 * `ready`: `idle`, and `running` while a task has slots on it. `unusable` when the agent says so. The channel goes
 * down: no task is offered, those there stay what they are. A client disables its scheduling: no task comes, those
 * there are ended or waited for, and without any it is `offline`. The pool shrinks: `leavingpool`, until its attempts
 * are over; then it is released, and gone when the provider has proved it.
 *
 * An agent that stays silent is given up in steps (`SilenceStep`). First its node reads `unknown`. Then, if its pool
 * wants the node gone, its attempts are not waited for: it is released, and the provider ends it. At last it is halted
 * in any case, which ends this life. As soon as it is heard again nothing of that counts.
 *
 * A client asks for a restart: `rebooting` or `reimaging` at once, so that no task comes; those there are ended or
 * waited for as when the pool shrinks. Then this life is ended, with the node's files where it is reimaged, and the
 * next begins. A reboot is over with any end of its life, a reimage only when the provider has said so of a release.
 *
 * Each acquisition is a life of the node. When a life has ended (the provider saw it end, or the lease of a silent
 * agent ran out), its attempts go back to their queues and the node is acquired anew with the next life: at once the
 * first time or if it had been up for a while, else after a wait that doubles.
 *
 * Hello, agent and rules compare what they hold:
 * - held by the agent but not the task's present attempt: it is stale, and told to end;
 * - offered by us and not held: offered again with the same key. The agent refuses a key whose end it has reported and
 *   the owner has not acknowledged. An offer that was being revoked or ended is asked that again: the agent answers
 *   `revoked` for what it does not have;
 * - started according to us and not held: an agent that keeps its journal has then an end to report that was not
 *   acknowledged, and reports it next; so nothing is decided yet. If it says nothing for `MISSING_AFTER_MS` while it is
 *   connected, no process of the attempt exists and no result will come: the task goes back.
 *
 * So nothing is lost: each attempt ends by its agent's word, its node's death or its absence. And nothing is doubled:
 * the rules make another attempt only after one of these.
 */

export function createNode(state: CoreState, pool: Pool, dedicated: boolean, now: Instant, random: Random): void {
  const id = `tvmps_${hex(random)}_${dedicated ? 'd' : 'p'}`;
  const number = state.nextNode;
  state.nextNode += 1;
  const node = addNode(state, pool, {
    node: number,
    pool: pool.number,
    id,
    dedicated,
    state: 'creating',
    since: now,
    scheduling: 'enabled',
    life: 0,
    allocatedAt: now,
    bootedAt: null,
    slots: pool.intent.taskSlotsPerNode,
    runningTasks: 0,
    runningSlots: 0,
    totalTasksRun: 0,
    totalTasksSucceeded: 0,
    recentTasks: [],
    offers: [],
    startTask: null,
    errors: [],
    retainUntil: 0,
    agent: null,
    goneAt: null,
  });
  node.acquireAt = now;
  state.changes.node(node);
  state.review.nodes.add(node);
}

/** 64 hexadecimal digits. */
function hex(random: Random): string {
  let digits = '';
  for (let part = 0; part < 8; part++) digits += Math.floor(random() * 0x1_0000_0000).toString(16).padStart(8, '0');
  return digits;
}

/** A node in memory from its row. Nobody is connected yet. */
export function addNode(state: CoreState, pool: Pool, status: NodeStatus): Node {
  const { node: number, id, dedicated, slots, allocatedAt } = status;
  const { state: nodeState, since, scheduling, life, bootedAt, totalTasksRun, totalTasksSucceeded, startTask, errors, retainUntil, agent, goneAt } = status;
  const node: Node = {
    number,
    id,
    pool,
    dedicated,
    slots,
    allocatedAt,
    intent: null,
    state: nodeState,
    since,
    scheduling,
    restartSequence: status.restartSequence ?? 0,
    restart: status.restart ?? null,
    isRestarting: false,
    life,
    bootedAt,
    totalTasksRun,
    totalTasksSucceeded,
    recentTasks: status.recentTasks.map((line, index) => ({ ...line, instance: status.recentInstances?.[index]?.instance ?? 0 })),
    startTask,
    errors,
    retainUntil,
    agent,
    goneAt,
    obtained: nodeState !== 'creating' || agent !== null,
    pending: null,
    connected: false,
    ready: false,
    silence: null,
    acquireAt: null,
    losses: 0,
    released: false,
    offers: new Set(),
    running: new Set(),
    heldBy: null,
    runningSlots: 0,
    taskMs: null,
    free: slots,
    place: -1,
    jobs: new Map(),
    dirty: false,
  };
  state.nodes.set(number, node);
  state.nodesById.set(id.toLowerCase(), node);
  pool.nodes.add(node);
  return node;
}

export function observed(state: CoreState, node: Node, life: number, { kind, ...seen }: NodeObservation, now: Instant): void {
  if (life !== node.life || node.goneAt !== null) return;
  const reason = 'reason' in seen ? seen.reason : '';
  switch (kind) {
    case 'pending':
      if (isComingUp(node)) node.pending = reason;
      return;
    case 'running':
      noteObtained(state, node);
      return;
    case 'ended':
      if (node.state === 'leavingpool') removeNode(state, node, now);
      else endLife(state, node, node.silence === 'restart' ? 'its agent did not answer' : reason, now);
      return;
    case 'failed':
      if (node.state === 'leavingpool') removeNode(state, node, now);
      else if (node.obtained || node.pool.status.allocationState === 'steady') endLife(state, node, reason, now);
      else {
        const kind = node.dedicated ? 'dedicated' : 'lowPriority';
        node.pool.failures[kind] = allocationFailed(kind, reason);
        state.changes.command({ kind: 'release', node: node.number, life, silent: false });
        removeNode(state, node, now);
      }
  }
}

function noteObtained(state: CoreState, node: Node): void {
  node.pending = null;
  if (node.obtained) return;
  node.obtained = true;
  state.review.pools.add(node.pool);
}

/**
 * No word from its agent and no proof of its death, but the lease has run out: the agent has ended its tasks and itself
 * by its own clock.
 */
export function leaseExpired(state: CoreState, node: Node, now: Instant): void {
  if (node.goneAt !== null || node.connected) return;
  if (node.state === 'leavingpool') {
    loseRuns(state, node, 'nodeLost', now);
    state.review.nodes.add(node);
    return;
  }
  state.changes.command({ kind: 'release', node: node.number, life: node.life, silent: true });
  node.restart = null;
  endLife(state, node, 'its lease ran out', now, true);
}

export function silent(state: CoreState, node: Node): void {
  if (!node.connected || node.goneAt !== null) return;
  disconnect(node);
  for (const live of node.running) live.missingSince = null;
  updateCapacity(state, node);
}

export function unheard(state: CoreState, node: Node, step: SilenceStep, now: Instant): void {
  if (node.connected || node.goneAt !== null) return;
  node.silence = step;
  const readsUnknown = !isComingUp(node) && !isEnding(node) && node.state !== 'unusable';
  if (step === 'unknown' && readsUnknown) enterState(state, node, 'unknown', now);
  if (isEnding(node)) state.review.nodes.add(node);
  else if (step === 'restart') state.changes.command({ kind: 'halt', node: node.number, life: node.life, silent: true });
}

/** The service goes down and has ended this node's agent: the next owner acquires it anew. */
export function shutDown(state: CoreState, node: Node, now: Instant): void {
  disconnect(node);
  loseRuns(state, node, 'shutdown', now);
  node.silence = null;
  node.startTask = null;
  state.changes.node(node);
  if (node.state !== 'leavingpool') enterState(state, node, 'creating', now);
}

/** Its life is to end as a client or its pool wants: what its agent says of the node changes its state no more. */
function isEnding({ state, restart }: Node): boolean {
  return state === 'leavingpool' || restart !== null;
}

/** Asked of the provider, and not heard of yet. */
function isComingUp({ state, restart }: Node): boolean {
  return state === 'creating' || (restart === null && (state === 'rebooting' || state === 'reimaging'));
}

/** All that ran on the node is dead. `isWiped`: what lay there is gone as well. */
function loseRuns(state: CoreState, node: Node, cause: 'nodeLost' | 'shutdown', now: Instant, isWiped = false): void {
  loseAttempts(state, node, cause, now);
  outdateJobTasks(state, node, isWiped);
}

function disconnect(node: Node): void {
  node.connected = false;
  node.ready = false;
}

/** `isWiped`: and its files are gone. */
function endLife(state: CoreState, node: Node, reason: string, now: Instant, isWiped = node.isRestarting && node.restart?.kind === 'reimage'): void {
  const { isRestarting, restart } = node;
  disconnect(node);
  loseRuns(state, node, 'nodeLost', now, isWiped);
  if (isRestarting || restart?.kind === 'reboot') node.restart = null;
  node.isRestarting = false;
  const settled = isRestarting || (node.bootedAt !== null && !isComingUp(node) && now - node.bootedAt >= NODE_SETTLED_MS);
  const waitMs = settled || node.losses === 0 ? 0 : Math.min(REACQUIRE_MAX_MS, REACQUIRE_FIRST_MS * 2 ** (node.losses - 1));
  node.losses = settled ? 0 : Math.min(node.losses + 1, 16);
  node.pending = null;
  node.silence = null;
  node.startTask = null;
  node.retainUntil = 0;
  node.errors = isRestarting ? [] : [{ code: 'NodeLost', message: `The node was lost and is being acquired again: ${reason}` }];
  node.acquireAt = now + waitMs;
  state.changes.node(node);
  state.timers.set({ at: node.acquireAt, kind: 'node', node: node.number });
  state.review.nodes.add(node);
  if (!isRestarting && node.restart === null) enterState(state, node, 'creating', now);
}

/**
 * An agent's report. The rules judge an attempt by its key, whatever life it comes from. They believe what the agent
 * says of the node itself only after a hello of the present life.
 */
export function reported(state: CoreState, node: Node, report: AgentReport, now: Instant): void {
  if (node.goneAt !== null) return;
  switch (report.kind) {
    case 'hello':
      if (report.life === node.life) hello(state, node, report, now);
      return;
    case 'started':
      started(state, node, report.key, report.at, now);
      return;
    case 'preparing':
      preparing(state, node, report.key, report.at, now);
      return;
    case 'jobTask':
      jobTaskSaid(state, node, report.key, report.status, now);
      return;
    case 'coordinated':
      coordinated(state, node, report.key);
      return;
    case 'ended':
      ended(state, node, report.end, now);
      return;
    case 'revoked':
      revoked(state, node, report.key, now);
      return;
    case 'startTask':
      if (!node.connected) return;
      node.startTask = report.status;
      state.changes.node(node);
      if (node.state === 'starting' || node.state === 'waitingforstarttask' || node.state === 'starttaskfailed') enterState(state, node, booting(node), now);
      return;
    case 'ready':
      if (!node.connected) return;
      if (report.certificates !== undefined && node.agent !== null) {
        node.agent = { ...node.agent, certificates: report.certificates };
        state.changes.node(node);
      }
      becomeReady(state, node, now);
      return;
    case 'notice':
      if (!node.connected || !node.ready) return;
      node.errors = report.errors;
      state.changes.node(node);
      return;
    case 'unusable':
      if (!node.connected) return;
      node.errors = report.errors;
      node.ready = false;
      state.changes.node(node);
      if (!isEnding(node)) enterState(state, node, 'unusable', now);
      for (const live of node.offers) withdraw(state, live);
  }
}

function hello(state: CoreState, node: Node, report: Extract<AgentReport, { kind: 'hello' }>, now: Instant): void {
  noteObtained(state, node);
  node.connected = true;
  node.silence = null;
  const { version, ipAddress, cores, certificates } = report;
  node.agent = { version, ipAddress, updatedAt: now, ...(cores === undefined ? null : { cores }), ...(certificates === undefined ? null : { certificates }) };
  node.startTask = report.startTask;
  if (isComingUp(node)) node.bootedAt = now;
  if (report.ready) becomeReady(state, node, now);
  else if (!isEnding(node) && node.state !== 'unusable') enterState(state, node, booting(node), now);
  state.changes.node(node);
  reconcile(state, node, report.held, now);
  reconcileJobs(state, node, report.jobs ?? null, report.held);
  remindOfJobTasks(state, node);
}

function becomeReady(state: CoreState, node: Node, now: Instant): void {
  node.ready = true;
  if (node.errors.length > 0) state.changes.node(node);
  node.errors = [];
  if (!isEnding(node)) enterState(state, node, workingState(node), now);
  reviewEndingJobs(state, node);
}

/** The state of a node whose agent is there and not ready. */
function booting(node: Node): NodeState {
  const { startTask } = node;
  const waits = node.pool.intent.startTask?.waitForSuccess === true;
  if (startTask === null || !waits) return 'starting';
  if (startTask.state === 'running') return 'waitingforstarttask';
  return failed(startTask) ? 'starttaskfailed' : 'waitingforstarttask';
}

function failed(startTask: StartTaskStatus): boolean {
  return startTask.result === 'failure';
}

function reconcile(state: CoreState, node: Node, held: readonly HeldAttempt[], now: Instant): void {
  const confirmed = new Set<Live>();
  for (const attempt of held) {
    const live = attemptOn(state, node, attempt.key);
    if (live !== null) confirmed.add(live);
    if (attempt.state === 'started') {
      started(state, node, attempt.key, attempt.startedAt, now);
      if (attempt.coordinated === true) coordinated(state, node, attempt.key);
    } else if (live === null) state.changes.command(endCommand(node, attempt.key, 'stale'));
  }
  for (const live of [...node.offers, ...node.running]) {
    const key = keyOf(live);
    const isHeld = confirmed.has(live);
    const { started: hasStarted } = live;
    if (live.ending !== null) state.changes.command(endCommand(node, key, live.ending));
    else if (live.revoking !== null) state.changes.command({ kind: 'revoke', node: node.number, key });
    else {
      withdraw(state, live);
      const stays = live.revoking === null && live.ending === null;
      if (stays && !hasStarted && !isHeld) state.changes.command(offerCommand(state, live));
    }
    if (!hasStarted || isHeld) continue;
    live.missingSince = now;
    state.timers.set({ at: now + MISSING_AFTER_MS, kind: 'node', node: node.number });
  }
}

function enterState(state: CoreState, node: Node, to: NodeState, now: Instant): void {
  if (node.state !== to) {
    node.state = to;
    node.since = now;
    state.changes.node(node);
    reviewEndingJobs(state, node);
  }
  updateCapacity(state, node);
}

/** Adds the node to those that take tasks, or removes it from them. */
function updateCapacity(state: CoreState, node: Node): void {
  const { pool } = node;
  if (nodeTakesTasks({ node }) === null) {
    pool.capacity.add(node);
    state.review.placement.add(pool);
  } else pool.capacity.remove(node);
}

/**
 * The pool does not want the node any more. A node that is leaving already may be waiting for its tasks or their data:
 * a deleted pool waits for neither.
 */
export function startLeaving(state: CoreState, node: Node, now: Instant): void {
  enterState(state, node, 'leavingpool', now);
  node.acquireAt = null;
  node.restart = null;
  node.isRestarting = false;
  withdrawAll(state, node);
  state.review.nodes.add(node);
}

/** All that must not go on there; of a multi-instance task, what runs of it elsewhere as well. */
function withdrawAll(state: CoreState, node: Node): void {
  for (const { task } of [...node.offers, ...node.running]) withdrawTask(state, task);
}

/** A client has asked something of it. */
export function nodeAsked(state: CoreState, node: Node, intent: NodeIntent): void {
  node.intent = intent;
  state.review.nodes.add(node);
}

/** Its scheduling becomes what was asked last. */
function obeyScheduling(state: CoreState, node: Node, now: Instant): void {
  if (node.intent === null) return;
  const scheduling = node.intent.schedulingDisabled === null ? 'enabled' : 'disabled';
  if (node.scheduling !== scheduling) state.changes.node(node);
  node.scheduling = scheduling;
  withdrawAll(state, node);
  if (works(node.state)) enterState(state, node, workingState(node), now);
}

/** A restart that was asked for begins, unless the node is on its way out. */
function obeyRestart(state: CoreState, node: Node, now: Instant): void {
  if (node.intent === null || node.intent.restartSequence <= node.restartSequence) return;
  node.restartSequence = node.intent.restartSequence;
  state.changes.node(node);
  if (node.state === 'leavingpool') return;
  node.restart = node.intent.restart;
  enterState(state, node, node.restart?.kind === 'reimage' ? 'reimaging' : 'rebooting', now);
  withdrawAll(state, node);
}

/** Ends the life that is to end for a restart, once nothing holds it. */
function restartWhenEmpty(state: CoreState, node: Node, kind: NodeRestart['kind'], option: NodeDeallocationOption, now: Instant): void {
  if (node.isRestarting || isHeld(state, node, option, now)) return;
  node.isRestarting = true;
  node.acquireAt = null;
  const command = { node: node.number, life: node.life, silent: isGivenUp(node) };
  state.changes.command(kind === 'reboot' ? { kind: 'halt', ...command } : { kind: 'release', ...command });
}

/** Its agent does not answer: what runs there is not waited for. */
function isGivenUp({ silence }: Node): boolean {
  return silence === 'gone' || silence === 'restart';
}

/** Attempts are there that are to end first, or data that is to be kept for some time. */
function isHeld(state: CoreState, node: Node, option: NodeDeallocationOption, now: Instant): boolean {
  if (isGivenUp(node)) return false;
  if (node.offers.size + node.running.size > 0) return true;
  if (option !== 'retaineddata' || node.retainUntil <= now) return false;
  state.timers.set({ at: node.retainUntil, kind: 'node', node: node.number });
  return true;
}

/** The resize was stopped or timed out before it could leave. Returns false if it is too late. */
export function stayAfterAll(state: CoreState, node: Node, now: Instant): boolean {
  if (node.state !== 'leavingpool' || node.released) return false;
  if (!node.connected) enterState(state, node, 'unknown', now);
  else enterState(state, node, node.ready ? workingState(node) : booting(node), now);
  return true;
}

/** Advances a node as far as the clock and its attempts allow. */
export function reviewNode(state: CoreState, node: Node, now: Instant): void {
  if (node.goneAt !== null) return;
  for (const live of node.running) {
    if (live.missingSince !== null && live.missingSince + MISSING_AFTER_MS <= now) revoked(state, node, keyOf(live), now);
  }
  obeyScheduling(state, node, now);
  if (node.state === 'leavingpool') {
    releaseWhenEmpty(state, node, now);
    return;
  }
  obeyRestart(state, node, now);
  if (node.restart !== null && node.life > 0) {
    restartWhenEmpty(state, node, node.restart.kind, node.restart.tasks, now);
    return;
  }
  if (node.acquireAt === null || node.acquireAt > now || state.shuttingDown) return;
  node.acquireAt = null;
  node.life += 1;
  node.released = false;
  state.changes.node(node);
  state.changes.command({ kind: 'acquire', node: node.number, life: node.life, pool: node.pool.number, dedicated: node.dedicated });
}

function releaseWhenEmpty(state: CoreState, node: Node, now: Instant): void {
  if (node.released || isHeld(state, node, deallocation(node.pool), now)) return;
  node.released = true;
  if (node.life === 0) removeNode(state, node, now);
  else state.changes.command({ kind: 'release', node: node.number, life: node.life, silent: isGivenUp(node) });
}

/**
 * The node is gone for good. Its row stays as long as a task names it, with only what that needs: thousands of such
 * rows may gather.
 */
function removeNode(state: CoreState, node: Node, now: Instant): void {
  disconnect(node);
  loseRuns(state, node, 'nodeLost', now);
  node.pool.capacity.remove(node);
  node.state = 'leavingpool';
  node.goneAt = now;
  node.recentTasks = [];
  node.startTask = null;
  node.errors = [];
  state.changes.node(node);
  state.nodes.delete(node.number);
  state.nodesById.delete(node.id.toLowerCase());
  node.pool.nodes.delete(node);
  forgetNodeOfJobs(node);
  state.review.pools.add(node.pool);
}

