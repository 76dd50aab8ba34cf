import type { AgentReport, HeldAttempt } from '../events.ts';
import { reconcileJobs } from '../jobNode/onNode.ts';
import { jobTaskSaid, remindOfJobTasks } from '../jobNode/preparation.ts';
import { reviewEndingJobs } from '../jobNode/release.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Live, Node } from '../model.ts';
import { attemptOn, endCommand, endStale, keyOf, offerCommand, withdraw } from '../task/attempts.ts';
import { coordinated, ended, preparing, revoked, started } from '../task/life.ts';
import type { NodeStatus } from '../status.ts';
import { MISSING_AFTER_MS } from '../tunables.ts';
import { workingState } from '../activity.ts';
import { letGo, remindOfNotice } from './preempted.ts';
import { booting, enterState, isComingUp, isEnding, isOverdue, noteObtained } from './states.ts';

/**
 * What an agent says of its node.
 *
 * Hello, agent and rules compare what they hold:
 * - held by the agent but not the task's present attempt: it is stale, and told to end;
 * - offered by us and not held: offered again with the same key. The agent refuses a key whose end it has reported and
 *   the owner has not acknowledged. An offer that was being revoked or ended is asked that again: the agent answers
 *   `revoked` for what it does not have;
 * - started according to us and not held: an agent that keeps its journal has then an end to report that was not
 *   acknowledged, and reports it next; so nothing is decided yet. If it says nothing for `MISSING_AFTER_MS` while it is
 *   connected, no process of the attempt exists and no result will come: the task goes back.
 */

/**
 * An agent's report. The rules judge an attempt by its key, whatever life it comes from. They believe what the agent
 * says of the node itself only after a hello of the present life.
 */
export function reported(state: CoreState, node: Node, report: AgentReport, now: Instant): void {
  if (node.goneAt !== null) return;
  switch (report.kind) {
    case 'hello':
      if (report.life === node.life && !node.isDeallocated) hello(state, node, report, now);
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
      if (node.agent !== null && (report.certificates ?? report.endpoints) !== undefined) {
        node.agent = { ...node.agent, ...installedOf(report) };
        state.changes.node(node);
      }
      becomeReady(state, node, now);
      return;
    case 'letGo':
      letGo(state, node, now);
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

/** What of its pool's is on the node. */
function installedOf({ certificates, endpoints }: Extract<AgentReport, { kind: 'hello' | 'ready' }>): Pick<NonNullable<NodeStatus['agent']>, 'certificates' | 'endpoints'> {
  return { ...(certificates === undefined ? null : { certificates }), ...(endpoints === undefined ? null : { endpoints }) };
}

function hello(state: CoreState, node: Node, report: Extract<AgentReport, { kind: 'hello' }>, now: Instant): void {
  noteObtained(state, node);
  node.connected = true;
  node.firstWordBy = null;
  node.silence = null;
  const { version, ipAddress, cores } = report;
  node.agent = { version, ipAddress, updatedAt: now, ...(cores === undefined ? null : { cores }), ...installedOf(report) };
  node.startTask = report.startTask;
  if (isComingUp(node)) node.bootedAt = now;
  const comesAfterAll = isOverdue(node);
  if (comesAfterAll) node.errors = [];
  if (report.ready) becomeReady(state, node, now);
  else if (!isEnding(node) && (node.state !== 'unusable' || comesAfterAll)) enterState(state, node, booting(node), now);
  state.changes.node(node);
  reconcile(state, node, report.held, now);
  reconcileJobs(state, node, report.jobs ?? null, report.held);
  remindOfJobTasks(state, node);
  remindOfNotice(state, node);
}

function becomeReady(state: CoreState, node: Node, now: Instant): void {
  node.ready = true;
  if (node.errors.length > 0) state.changes.node(node);
  node.errors = [];
  if (!isEnding(node)) enterState(state, node, workingState(node), now);
  reviewEndingJobs(state, node);
}

function reconcile(state: CoreState, node: Node, held: readonly HeldAttempt[], now: Instant): void {
  const confirmed = new Set<Live>();
  for (const attempt of held) {
    const live = attemptOn(state, node, attempt.key);
    if (live !== null) confirmed.add(live);
    if (attempt.state === 'started') {
      started(state, node, attempt.key, attempt.startedAt, now);
      if (attempt.coordinated === true) coordinated(state, node, attempt.key);
    } else if (live === null) state.changes.command(endStale(node, attempt.key));
  }
  for (const live of [...node.offers, ...node.running]) {
    const key = keyOf(live);
    const isHeld = confirmed.has(live);
    const { started: hasStarted } = live;
    if (live.ending !== null) state.changes.command(endCommand(live, live.ending));
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
