import type { Distribution } from '../../wire/simulation/distribution.ts';

/** What the load does not say: how long nodes take, how long they stay, and what the service costs in time. */
export interface Model {
  /** From the request for a node until its agent is there. */
  readonly boot: Distribution;
  /** Of pools with a start task. */
  readonly startTask: Distribution;
  /** The part of low-priority nodes that an hour takes away, each as likely as any other; below 1. */
  readonly preemptedPerHour: number;
  readonly timing: Timing;
}

/** What passes between client, owner and agents. */
export interface Timing {
  /** From a task's creation until the owner may take it in. */
  readonly intake: Distribution;
  /** From a decision until it is durable and at the agent. Meanwhile nothing else is decided. */
  readonly dispatch: Distribution;
  /** From an agent's word until the owner may take it in. */
  readonly report: Distribution;
}

/** Of a service on one machine that has little to do. */
export const LOCAL_TIMING: Timing = { intake: { kind: 'constant', ms: 4 }, dispatch: { kind: 'constant', ms: 6 }, report: { kind: 'constant', ms: 1 } };
