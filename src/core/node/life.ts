import type { NodeObservation, SilenceStep } from '../events.ts';
import type { NodeIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { keyOf } from '../task/attempts.ts';
import { allocationFailed } from '../resizeErrors.ts';
import { revoked } from '../task/life.ts';
import { FIRST_WORD_MS, MISSING_AFTER_MS, NODE_SETTLED_MS, REACQUIRE_FIRST_MS, REACQUIRE_MAX_MS } from '../tunables.ts';
import { workingState, works } from '../activity.ts';
import { releaseWhenEmpty, removeNode } from './leaving.ts';
import { givenNotice, isBetweenLives, notObtained, obtainedAgain, preempted, takeBackWhenDue } from './preempted.ts';
import { deallocate, expires, obeyRestart, restartWhenEmpty } from './restart.ts';
import { enterState, giveUpWaiting, isComingUp, isEnding, noteObtained, updateCapacity } from './states.ts';
import { disconnect, loseRuns, withdrawAll } from './work.ts';

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
 * An agent that says no first word in time leaves its node `unusable`, until it does. One that stays silent is given
 * up in steps (`SilenceStep`). First its node reads `unknown`. Then, if its pool wants the node gone, its attempts are
 * not waited for: it is released, and the provider ends it. At last it is halted in any case, which ends this life. As
 * soon as it is heard again nothing of that counts.
 *
 * A client asks for a restart, a deallocation or a start, or the time of its machine is nearly over: `restart.ts`. The
 * provider takes a low-priority node back: `preempted.ts`.
 *
 * Each acquisition is a life of the node. When a life has ended (the provider saw it end, or the lease of a silent
 * agent ran out), its attempts go back to their queues and the node is acquired anew with the next life: at once the
 * first time or if it had been up for a while, else after a wait that doubles.
 *
 * So nothing is lost: each attempt ends by its agent's word, its node's death or its absence. And nothing is doubled:
 * the rules make another attempt only after one of these.
 */

export function observed(state: CoreState, node: Node, life: number, { kind, ...seen }: NodeObservation, now: Instant): void {
  if (life !== node.life || node.goneAt !== null || node.isDeallocated) return;
  const reason = 'reason' in seen ? seen.reason : '';
  switch (kind) {
    case 'pending':
      if (isComingUp(node)) node.pending = reason;
      return;
    case 'running':
      if (isBetweenLives(node)) return;
      obtainedAgain(state, node, now);
      noteObtained(state, node);
      if (isComingUp(node) && !node.connected) awaitFirstWord(state, node, now);
      return;
    case 'preempting':
      givenNotice(state, node, 'graceMs' in seen ? seen.graceMs : 0, now);
      return;
    case 'expiring':
      expires(state, node, now);
      return;
    case 'preempted':
      // Its end may have been seen before.
      if (node.acquireAt !== null || node.isDeallocated) return;
      state.changes.command({ kind: 'release', node: node.number, life, silent: true });
      preempted(state, node, now);
      return;
    case 'ended':
      if (isBetweenLives(node)) return;
      if (node.state === 'preempted') notObtained(state, node, null, now);
      else if (node.notice !== null) preempted(state, node, now);
      else if (node.state === 'leavingpool') removeNode(state, node, now);
      else endLife(state, node, node.silence === 'restart' ? 'its agent did not answer' : reason, now);
      return;
    case 'failed':
      if (node.state === 'preempted') notObtained(state, node, reason, now);
      else if (node.state === 'leavingpool') removeNode(state, node, now);
      else if (node.obtained || (node.dedicated && node.pool.status.allocationState === 'steady')) endLife(state, node, reason, now);
      else {
        // Of a resize, or a low-priority one that was sought again: the pool says why, and the node goes.
        const kind = node.dedicated ? 'dedicated' : 'lowPriority';
        node.pool.failures[kind] = allocationFailed(kind, reason);
        state.changes.command({ kind: 'release', node: node.number, life, silent: false });
        removeNode(state, node, now);
      }
  }
}

function awaitFirstWord(state: CoreState, node: Node, now: Instant): void {
  node.firstWordBy = now + FIRST_WORD_MS;
  state.timers.set({ at: node.firstWordBy, kind: 'node', node: node.number });
}

/**
 * No word from its agent and no proof of its death, but the lease has run out: the agent has ended its tasks and itself
 * by its own clock.
 */
export function leaseExpired(state: CoreState, node: Node, now: Instant): void {
  if (node.goneAt !== null || node.connected || node.isDeallocated || isBetweenLives(node)) return;
  if (node.state === 'leavingpool') {
    loseRuns(state, node, 'nodeLost', now);
    state.review.nodes.add(node);
    return;
  }
  state.changes.command({ kind: 'release', node: node.number, life: node.life, silent: true });
  if (node.restart?.kind === 'deallocate') node.isRestarting = true;
  else node.restart = null;
  if (node.notice === null) endLife(state, node, 'its lease ran out', now, true);
  else preempted(state, node, now);
}

export function silent(state: CoreState, node: Node): void {
  if (!node.connected || node.goneAt !== null) return;
  disconnect(node);
  for (const live of node.running) live.missingSince = null;
  updateCapacity(state, node);
}

export function unheard(state: CoreState, node: Node, step: SilenceStep, now: Instant): void {
  if (node.connected || node.goneAt !== null || node.isDeallocated || isBetweenLives(node)) return;
  node.silence = step;
  const readsUnknown = !isComingUp(node) && !isEnding(node) && node.state !== 'unusable';
  if (step === 'unknown' && readsUnknown) enterState(state, node, 'unknown', now);
  if (isEnding(node)) state.review.nodes.add(node);
  else if (step === 'restart') state.changes.command({ kind: 'halt', node: node.number, life: node.life, silent: true });
}

/**
 * The service goes down and has ended this node's agent: the next owner acquires it anew, unless it is to go, or to be
 * deallocated.
 */
export function shutDown(state: CoreState, node: Node, now: Instant): void {
  disconnect(node);
  loseRuns(state, node, 'shutdown', now);
  node.silence = null;
  node.startTask = null;
  node.notice = null;
  state.changes.node(node);
  if (node.state !== 'leavingpool' && node.state !== 'preempted' && node.restart?.kind !== 'deallocate' && !node.isDeallocated) enterState(state, node, 'creating', now);
}

/** `isWiped`: and its files are gone. */
function endLife(state: CoreState, node: Node, reason: string, now: Instant, isWiped = node.isRestarting && node.restart?.kind !== 'reboot'): void {
  const { isRestarting, restart } = node;
  disconnect(node);
  loseRuns(state, node, 'nodeLost', now, isWiped);
  node.pending = null;
  node.firstWordBy = null;
  node.silence = null;
  node.startTask = null;
  node.retainUntil = 0;
  state.changes.node(node);
  if (isRestarting && restart?.kind === 'deallocate') return deallocate(state, node, now);
  if (isRestarting || restart?.kind === 'reboot') node.restart = null;
  node.isRestarting = false;
  node.notice = null;
  const settled = isRestarting || (node.bootedAt !== null && !isComingUp(node) && now - node.bootedAt >= NODE_SETTLED_MS);
  const waitMs = settled || node.losses === 0 ? 0 : Math.min(REACQUIRE_MAX_MS, REACQUIRE_FIRST_MS * 2 ** (node.losses - 1));
  node.losses = settled ? 0 : Math.min(node.losses + 1, 16);
  node.errors = isRestarting ? [] : [{ code: 'NodeLost', message: `The node was lost and is being acquired again: ${reason}` }];
  node.acquireAt = now + waitMs;
  state.timers.set({ at: node.acquireAt, kind: 'node', node: node.number });
  state.review.nodes.add(node);
  if (!isRestarting && node.restart === null) enterState(state, node, 'creating', now);
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

/** Advances a node as far as the clock and its attempts allow. */
export function reviewNode(state: CoreState, node: Node, now: Instant): void {
  if (node.goneAt !== null) return;
  for (const live of node.running) {
    if (live.missingSince !== null && live.missingSince + MISSING_AFTER_MS <= now) revoked(state, node, keyOf(live), now);
  }
  obeyScheduling(state, node, now);
  if (takeBackWhenDue(state, node, now)) return;
  if (node.state === 'leavingpool') {
    releaseWhenEmpty(state, node, now);
    return;
  }
  giveUpWaiting(state, node, now);
  obeyRestart(state, node, now);
  if (node.restart !== null && node.life > 0) {
    restartWhenEmpty(state, node, node.restart, now);
    return;
  }
  if (node.acquireAt === null || node.acquireAt > now || state.shuttingDown) return;
  node.acquireAt = null;
  node.life += 1;
  node.released = false;
  state.changes.node(node);
  state.changes.command({ kind: 'acquire', node: node.number, life: node.life, pool: node.pool.number, dedicated: node.dedicated });
}
