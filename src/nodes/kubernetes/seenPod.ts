import type { AccountNumber, NodeNumber } from '../../core/keys.ts';
import { at, listAt, numberAt, textAt, textsAt } from './api/json.ts';
import { ANNOTATION, KUEUE, LABEL } from './names.ts';

/** What is read of a pod of ours, as the API server has it. */
export interface SeenPod {
  readonly name: string;
  readonly uid: string;
  readonly account: AccountNumber;
  readonly node: NodeNumber;
  readonly life: number;
  readonly isLow: boolean;
  /** We have asked for its end. */
  readonly isReleased: boolean;
  /** How long it was given when somebody asked for its end; null: nobody has. */
  readonly endsWithinMs: number | null;
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Why the pod as a whole has failed: `Evicted`, `NodeShutdown`, `OutOfcpu`. */
  readonly reason: string | null;
  readonly message: string | null;
  /** The machine it was given; null: none yet. */
  readonly machine: string | null;
  readonly queue: string | null;
  readonly gates: readonly string[];
  readonly conditions: readonly Condition[];
  readonly containers: readonly SeenContainer[];
}

interface Condition {
  readonly type: string;
  readonly isTrue: boolean;
  readonly reason: string | null;
  readonly message: string | null;
}

export interface SeenContainer {
  readonly isRunning: boolean;
  /** Why it does not run yet; null: it does, or did. */
  readonly waiting: { readonly reason: string; readonly message: string | null } | null;
  /** How it ended; null: it has not. */
  readonly ended: { readonly reason: string; readonly message: string | null; readonly code: number; readonly signal: number | null } | null;
}

/** null: its labels are not ours, whatever was selected. */
export function readPod(object: unknown): SeenPod | null {
  const labels = textsAt(object, 'metadata', 'labels');
  const annotations = textsAt(object, 'metadata', 'annotations');
  const [account, node, life] = [LABEL.account, LABEL.node, LABEL.life].map((name) => wholeNumber(labels[name]));
  if (account === undefined || node === undefined || life === undefined) return null;
  return {
    name: textAt(object, 'metadata', 'name') ?? '',
    uid: textAt(object, 'metadata', 'uid') ?? '',
    account,
    node,
    life,
    isLow: labels[LABEL.priority] === 'low',
    isReleased: annotations[ANNOTATION.released] !== undefined,
    // Counted from when it is seen: the clock of the API server is another than ours.
    endsWithinMs: textAt(object, 'metadata', 'deletionTimestamp') === null ? null : (numberAt(object, 'metadata', 'deletionGracePeriodSeconds') ?? 0) * 1_000,
    phase: phaseOf(textAt(object, 'status', 'phase')),
    reason: textAt(object, 'status', 'reason'),
    message: textAt(object, 'status', 'message'),
    machine: textAt(object, 'spec', 'nodeName'),
    queue: labels[KUEUE.queue] ?? null,
    gates: listAt(object, 'spec', 'schedulingGates').flatMap((gate) => textAt(gate, 'name') ?? []),
    conditions: listAt(object, 'status', 'conditions').map(conditionOf),
    containers: [...listAt(object, 'status', 'initContainerStatuses'), ...listAt(object, 'status', 'containerStatuses')].map(containerOf),
  };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function phaseOf(text: string | null): SeenPod['phase'] {
  return text === 'Pending' || text === 'Running' || text === 'Succeeded' || text === 'Failed' ? text : text === null ? 'Pending' : 'Unknown';
}

function conditionOf(condition: unknown): Condition {
  return { type: textAt(condition, 'type') ?? '', isTrue: textAt(condition, 'status') === 'True', reason: textAt(condition, 'reason'), message: textAt(condition, 'message') };
}

function containerOf(status: unknown): SeenContainer {
  const [waiting, ended] = [at(status, 'state', 'waiting'), at(status, 'state', 'terminated')];
  return {
    isRunning: at(status, 'state', 'running') !== undefined,
    waiting: waiting === undefined ? null : { reason: textAt(waiting, 'reason') ?? '', message: textAt(waiting, 'message') },
    ended: ended === undefined ? null : { reason: textAt(ended, 'reason') ?? '', message: textAt(ended, 'message'), code: numberAt(ended, 'exitCode') ?? 0, signal: numberAt(ended, 'signal') },
  };
}
