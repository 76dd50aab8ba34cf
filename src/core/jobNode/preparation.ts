import type { Instant, JobTaskKey } from '../keys.ts';
import type { CoreState, Job, JobOnNode, Node } from '../model.ts';
import type { JobTaskStatus, StartTaskStatus } from '../status.ts';
import { enterNode } from './onNode.ts';

/**
 * A job's preparation task on a node (Batch documentation, "Job preparation and release tasks"), and what its
 * preparation and its release have in common.
 *
 * The first offer of one of the job's tasks to a node asks for the preparation (`asked`), and each further one names
 * it, until it has ended as wanted. The agent begins it when the first of these tasks has got its slots (`running`),
 * and those with slots wait for it (`preparing`), unless the job lets them start meanwhile. It retries by itself. When
 * it has succeeded, tasks of the job are offered to that node as those of any other job. When it has failed and is
 * waited for, the node is closed to the job: its tasks come back and go elsewhere.
 *
 * It is outdated, and runs again before the next task there, when it was interrupted, when its node begins another life
 * and it had failed or is to run again after a reboot. It is ended with its job.
 */

/** What an offer to the node has to name: the attempt of the preparation that it needs there; null: none. */
export function neededPreparation(state: CoreState, job: Job, node: Node): number | null {
  if (job.intent.preparation === null) return null;
  const onNode = enterNode(job, node);
  const { preparation } = onNode;
  if (preparation !== null && !preparation.isOutdated) return isDone(job, preparation) ? null : preparation.attempt;
  const next = askedAnew(preparation);
  setPreparation(state, onNode, next);
  return next.attempt;
}

/** It has ended, and tasks of the job may run where it has. */
export function isDone({ intent }: Job, { state, result }: JobTaskStatus): boolean {
  return state === 'completed' && (result === 'success' || intent.preparation?.waitForSuccess !== true);
}

/** The node has it, or is to have it, and says how it ends. */
export function isOut(status: JobTaskStatus | null): boolean {
  return status !== null && status.state !== 'completed' && !status.isOutdated;
}

/** The next run. Until it begins, the row says of the last one what it said. */
export function askedAnew(before: JobTaskStatus | null): JobTaskStatus {
  const none = { startedAt: null, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null };
  return { ...(before ?? none), attempt: (before?.attempt ?? 0) + 1, state: 'asked', isOutdated: false };
}

/** What an agent says of a job's preparation or release. */
export function jobTaskSaid(state: CoreState, node: Node, key: JobTaskKey, said: StartTaskStatus | null, now: Instant): void {
  const job = state.jobs.get(key.job);
  const onNode = job?.nodes.get(node);
  const before = onNode?.[key.kind] ?? null;
  if (job === undefined || onNode === undefined || before === null || before.attempt !== key.attempt || !isOut(before)) {
    if (said?.state === 'running') state.changes.command({ kind: 'endJobTask', node: node.number, key });
    return;
  }
  const status = said === null ? { ...before, isOutdated: true } : { ...before, ...believed(said, now) };
  if (key.kind === 'preparation') setPreparation(state, onNode, status);
  else {
    onNode.release = status;
    state.changes.jobNode(onNode);
  }
  if (status.state === 'completed') retain(state, onNode, key.kind, status.endedAt ?? now);
  state.review.jobs.add(job);
}

/** An agent's clock is believed as far as it fits ours. */
function believed({ startedAt, endedAt, lastRetryAt, ...rest }: StartTaskStatus, now: Instant): StartTaskStatus {
  const until = (at: Instant | null): Instant | null => (at === null ? null : Math.min(at, now));
  return { ...rest, startedAt: Math.min(startedAt, now), endedAt: until(endedAt), lastRetryAt: until(lastRetryAt) };
}

function retain(state: CoreState, { job, node }: JobOnNode, kind: JobTaskKey['kind'], endedAt: Instant): void {
  const retentionMs = job.intent[kind]?.retentionMs ?? 0;
  if (endedAt + retentionMs <= node.retainUntil) return;
  node.retainUntil = endedAt + retentionMs;
  state.changes.node(node);
}

function setPreparation(state: CoreState, onNode: JobOnNode, status: JobTaskStatus): void {
  loadPreparation(onNode, status);
  state.changes.jobNode(onNode);
  state.review.placement.add(onNode.node.pool);
}

/** As its row says. */
export function loadPreparation(onNode: JobOnNode, status: JobTaskStatus | null): void {
  const { job, node } = onNode;
  onNode.preparation = status;
  if (!isOut(status)) onNode.isEnding = false;
  const isClosed = status?.state === 'completed' && !status.isOutdated && !isDone(job, status);
  if (isClosed) job.closedNodes.set(node.id, status);
  else job.closedNodes.delete(node.id);
}

/** The job ends. Returns whether it has still to be waited for. */
export function endPreparation(state: CoreState, onNode: JobOnNode): boolean {
  const { job, node, preparation, isEnding } = onNode;
  if (preparation === null || !isOut(preparation)) return false;
  if (!isEnding) state.changes.command({ kind: 'endJobTask', node: node.number, key: { job: job.number, kind: 'preparation', attempt: preparation.attempt } });
  onNode.isEnding = true;
  return true;
}

/** A life of the node has ended, and all that ran in it. `isWiped`: what lay there is gone as well. */
export function outdateJobTasks(state: CoreState, node: Node, isWiped: boolean): void {
  for (const onNode of node.jobs.values()) {
    const { job, preparation, release } = onNode;
    const { preparation: wanted } = job.intent;
    if (wanted === null || job.status.state === 'completed') continue;
    const runsAgain = isWiped || isOut(preparation) || preparation?.result === 'failure' || wanted.rerunOnNodeReboot;
    if (preparation !== null && !preparation.isOutdated && runsAgain) setPreparation(state, onNode, { ...preparation, isOutdated: true });
    if (release !== null && isOut(release)) {
      onNode.release = { ...release, isOutdated: true };
      state.changes.jobNode(onNode);
    }
    if (isComingToItsEnd(job)) state.review.jobs.add(job);
  }
}

/** The node's agent is there again: what it may have missed it hears once more. */
export function remindOfJobTasks(state: CoreState, node: Node): void {
  for (const onNode of node.jobs.values()) {
    const { job, release } = onNode;
    if (job.intent.preparation === null) continue;
    onNode.isEnding = false;
    if (release !== null && isOut(release)) state.changes.command(releaseCommand(onNode, release));
    if (isComingToItsEnd(job)) state.review.jobs.add(job);
  }
}

export function isComingToItsEnd({ intent, status }: Job): boolean {
  return status.state !== 'completed' && (intent.deletedAt !== null || status.state === 'terminating');
}

export function releaseCommand({ job, node }: JobOnNode, { attempt }: JobTaskStatus) {
  return { kind: 'releaseJob', node: node.number, key: { job: job.number, kind: 'release', attempt } } as const;
}
