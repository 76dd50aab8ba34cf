import type { CoreState, Node } from './model.ts';
import { isComingUp, isOverdue } from './node/states.ts';

/**
 * What goes on in real time, whatever the rules' own time is: runs on nodes, and nodes that come and go. Where users
 * set the clock (docs/clock.md) it is waited for before time passes.
 */
export interface UnderWay {
  readonly kind: 'task' | 'jobTask' | 'node';
  /** Of what is under way; the same as long as it is. */
  readonly name: string;
  /**
   * Time may pass meanwhile, if that is wanted. It may not where the rules wait for a word and count how long: what is
   * late by the clock alone would be given up.
   */
  readonly mayGoOn: boolean;
}

export function* underWay({ nodes }: Pick<CoreState, 'nodes'>): Generator<UnderWay> {
  for (const node of nodes.values()) {
    for (const { task, missingSince } of [...node.running, ...node.offers]) yield { kind: 'task', name: `task ${task.job.number}.${task.number}`, mayGoOn: missingSince === null };
    for (const { job, preparation, release } of node.jobs.values()) {
      for (const status of [preparation, release]) {
        if (status !== null && status.state !== 'completed') yield { kind: 'jobTask', name: `task of job ${job.number} on ${node.number}`, mayGoOn: true };
      }
    }
    const isWaitedFor = isOnItsWay(node);
    if (isWaitedFor || isPreparing(node)) yield { kind: 'node', name: `node ${node.number}`, mayGoOn: !isWaitedFor };
  }
}

/** The provider is to give it, or to prove that it is gone. One that was taken back comes when there is capacity. */
function isOnItsWay(node: Node): boolean {
  if (node.released || node.isRestarting) return true;
  return isComingUp(node) && node.acquireAt === null && node.state !== 'preempted' && !isOverdue(node);
}

/** Its agent is there and not ready: its start task may be running. */
function isPreparing({ state }: Node): boolean {
  return state === 'starting' || state === 'waitingforstarttask';
}
