import type { HeldAttempt } from '../events.ts';
import type { JobNumber } from '../keys.ts';
import type { CoreState, Job, JobOnNode, Node } from '../model.ts';

/**
 * A job on a node: something of it may lie there. Known from the first offer of one of its tasks to that node, and from
 * what the node's agent says in its hello; forgotten with the job, with the node, or when a hello says that nothing of
 * it is left, unless the job has a preparation there (preparation.ts).
 *
 * A deleted job is discarded on its nodes and on no others. A node that was away, or whose command was lost, hears of
 * it after its next hello: the owner asks the store which of the jobs that the rules do not hold are gone.
 */

/** A task of the job goes to the node. */
export function enterNode(job: Job, node: Node): JobOnNode {
  const known = job.nodes.get(node);
  if (known !== undefined) return known;
  const jobOnNode: JobOnNode = { job, node, preparation: null, release: null, isEnding: false, dirty: false };
  job.nodes.set(node, jobOnNode);
  node.jobs.set(job, jobOnNode);
  return jobOnNode;
}

/**
 * What the agent says that it has of jobs, and what attempts it holds: one of a job that is gone may be about to begin.
 * `said`: null, it says nothing of jobs, so there may be something of each.
 */
export function reconcileJobs(state: CoreState, node: Node, said: readonly JobNumber[] | null, held: readonly HeldAttempt[]): void {
  if (said === null) {
    for (const job of state.jobs.values()) if (job.poolQueue === node.pool.queue) enterNode(job, node);
    return;
  }
  const numbers = new Set([...said, ...held.map(({ key }) => key.job)]);
  const isNeeded = new Set([...node.offers, ...node.running].map(({ task }) => task.job));
  for (const [job, { preparation }] of node.jobs) if (!numbers.has(job.number) && !isNeeded.has(job) && preparation === null) leaveNode(job, node);
  const unknown: JobNumber[] = [];
  for (const number of numbers) {
    const job = state.jobs.get(number);
    if (job === undefined) unknown.push(number);
    else enterNode(job, node);
  }
  if (unknown.length > 0) state.changes.command({ kind: 'discardGoneJobs', node: node.number, jobs: unknown });
}

/**
 * The job is gone, and so may be what lies of it on nodes. Those that are not connected hear of it after their hello.
 */
export function discardJob(state: CoreState, job: Job): void {
  const nodes = job.nodesKnown ? job.nodes.keys() : (job.poolQueue.pool?.nodes ?? []);
  for (const node of nodes) if (node.connected) state.changes.command({ kind: 'discardJob', node: node.number, job: job.number });
}

/** The rules hold the job no more. */
export function forgetJobOnNodes(job: Job): void {
  for (const node of job.nodes.keys()) node.jobs.delete(job);
  job.nodes.clear();
  job.closedNodes.clear();
}

/** The node is gone for good. */
export function forgetNodeOfJobs(node: Node): void {
  for (const job of node.jobs.keys()) {
    job.nodes.delete(node);
    job.closedNodes.delete(node.id);
  }
  node.jobs.clear();
}

function leaveNode(job: Job, node: Node): void {
  job.nodes.delete(node);
  node.jobs.delete(job);
}
