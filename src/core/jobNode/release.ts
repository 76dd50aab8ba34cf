import type { CoreState, Job, JobOnNode, Node } from '../model.ts';
import type { NodeState } from '../status.ts';
import { askedAnew, endPreparation, isComingToItsEnd, isDone, isOut, releaseCommand } from './preparation.ts';

/**
 * The end of a job on its nodes. When no task of it is out any more, preparations that run are ended, and the release
 * task runs on each node on which the preparation has run and tasks of the job could (API reference, "Add a job",
 * jobReleaseTask): beside all slots, once, whether it succeeds or not. One that is interrupted by the end of its node's
 * life runs again in the next. The job is completed, or gone, when they are over. A node that has left, or is leaving,
 * runs none; one that cannot run anything is not waited for, nor one that is deallocated or was taken back; one that is
 * away is.
 */

/** Advances it as far as it goes now. Returns whether it is over. */
export function releaseNodes(state: CoreState, job: Job): boolean {
  if (job.intent.preparation === null) return true;
  let isOver = true;
  for (const onNode of job.nodes.values()) if (endPreparation(state, onNode) || isReleasing(state, onNode)) isOver = false;
  return isOver;
}

function isReleasing(state: CoreState, onNode: JobOnNode): boolean {
  const { job, node, preparation, release } = onNode;
  if (job.intent.release === null || preparation === null || !isDone(job, preparation)) return false;
  if (release !== null && !release.isOutdated) return isOut(release);
  if (IS_NOT_WAITED_FOR.has(node.state)) return false;
  if (!node.connected || !node.ready || node.restart !== null) return true;
  onNode.release = askedAnew(release);
  state.changes.jobNode(onNode);
  state.changes.command(releaseCommand(onNode, onNode.release));
  return true;
}

const IS_NOT_WAITED_FOR: ReadonlySet<NodeState> = new Set(['leavingpool', 'unusable', 'starttaskfailed', 'deallocated', 'preempted']);

/** The node has come up, or has become one that is not waited for: jobs may have waited for that. */
export function reviewEndingJobs(state: CoreState, node: Node): void {
  for (const job of node.jobs.keys()) if (job.intent.preparation !== null && isComingToItsEnd(job)) state.review.jobs.add(job);
}
