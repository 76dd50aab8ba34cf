import type { JobIntent, NodeIntent, PoolIntent, ScheduleIntent, TaskIntent } from './intent.ts';
import type { Instant } from './keys.ts';
import type { JobState, JobStatus, NodeStatus, PoolStatus, ScheduleState, ScheduleStatus, TaskState, TaskStatus } from './status.ts';

/**
 * The state on the wire is a pure function of intent and status, shared by handlers (what a GET shows, which 409
 * applies) and the rules: a request is visible from its commit on, before the owner has acted on it.
 */

export type WireTaskState = 'active' | 'preparing' | 'running' | 'completed';

/**
 * An offered attempt has taken no slot and still reads active; one whose files are being fetched reads running (task
 * semantics: downloads count as running).
 */
export function wireTaskState(state: TaskState): WireTaskState {
  switch (state) {
    case 'active':
    case 'offered':
      return 'active';
    case 'preparing':
      return 'preparing';
    case 'starting':
    case 'running':
      return 'running';
    case 'completed':
      return 'completed';
  }
}

export interface StateView<State> {
  readonly state: State;
  readonly since: Instant;
  readonly previousState: State | null;
  readonly previousSince: Instant | null;
}

/**
 * A task's state: a reactivation that the owner has not seen yet already reads active. Deleted tasks are not asked
 * about: they are gone at once.
 */
export function taskState(
  intent: Pick<TaskIntent, 'reactivateSequence'> & { readonly createdAt: Instant; readonly modifiedAt: Instant },
  status: Pick<TaskStatus, 'state' | 'since' | 'previousState' | 'previousSince' | 'reactivateSequence'> | null,
): StateView<WireTaskState> {
  if (status === null) return { state: 'active', since: intent.createdAt, previousState: null, previousSince: null };
  if (intent.reactivateSequence > status.reactivateSequence) {
    return { state: 'active', since: intent.modifiedAt, previousState: wireTaskState(status.state), previousSince: status.since };
  }
  return {
    state: wireTaskState(status.state),
    since: status.since,
    previousState: status.previousState,
    previousSince: status.previousSince,
  };
}

export type WireJobState = JobState | 'deleting';

export function jobState(
  intent: Pick<JobIntent, 'createdAt' | 'action' | 'actionSequence' | 'actionAt' | 'deletedAt'>,
  status: Pick<JobStatus, 'state' | 'since' | 'previousState' | 'previousSince' | 'actionSequence'> | null,
): StateView<WireJobState> {
  const seen: StateView<WireJobState> =
    status === null
      ? { state: 'active', since: intent.createdAt, previousState: null, previousSince: null }
      : { state: status.state, since: status.since, previousState: status.previousState, previousSince: status.previousSince };
  const asked = (state: WireJobState, since: Instant): StateView<WireJobState> =>
    seen.state === state ? seen : { state, since, previousState: seen.state, previousSince: seen.since };
  if (intent.deletedAt !== null) return asked('deleting', intent.deletedAt);
  if (intent.actionSequence <= (status?.actionSequence ?? 0)) return seen;
  switch (intent.action.kind) {
    case 'none':
      return seen;
    case 'disable':
      return seen.state === 'disabled' ? seen : asked('disabling', intent.actionAt);
    case 'enable':
      return seen.state === 'active' ? seen : asked('enabling', intent.actionAt);
    case 'terminate':
      return seen.state === 'completed' ? seen : asked('terminating', intent.actionAt);
  }
}

export type WireScheduleState = ScheduleState | 'deleting';

/** What is asked of a completed schedule came too late. */
export function scheduleState(
  intent: Pick<ScheduleIntent, 'createdAt' | 'action' | 'actionSequence' | 'actionAt' | 'deletedAt'>,
  status: Pick<ScheduleStatus, 'state' | 'since' | 'previousState' | 'previousSince' | 'actionSequence'> | null,
): StateView<WireScheduleState> {
  const seen: StateView<WireScheduleState> =
    status === null
      ? { state: 'active', since: intent.createdAt, previousState: null, previousSince: null }
      : { state: status.state, since: status.since, previousState: status.previousState, previousSince: status.previousSince };
  const asked = (state: WireScheduleState, since: Instant): StateView<WireScheduleState> =>
    seen.state === state ? seen : { state, since, previousState: seen.state, previousSince: seen.since };
  if (intent.deletedAt !== null) return asked('deleting', intent.deletedAt);
  if (intent.actionSequence <= (status?.actionSequence ?? 0) || seen.state === 'completed' || seen.state === 'terminating') return seen;
  switch (intent.action.kind) {
    case 'none':
      return seen;
    case 'disable':
      return asked('disabled', intent.actionAt);
    case 'enable':
      return asked('active', intent.actionAt);
    case 'terminate':
      return asked('terminating', intent.actionAt);
  }
}

/** `intent` null: nothing was ever asked of the node. */
export function nodeScheduling(intent: Pick<NodeIntent, 'schedulingDisabled'> | null, status: Pick<NodeStatus, 'scheduling'>): NodeStatus['scheduling'] {
  if (intent === null) return status.scheduling;
  return intent.schedulingDisabled === null ? 'enabled' : 'disabled';
}

/** What a node is in from when it was asked to be restarted, deallocated or started. */
export const ASKED_STATES = { reboot: 'rebooting', reimage: 'reimaging', deallocate: 'deallocating', start: 'starting' } as const satisfies Readonly<Record<NonNullable<NodeIntent['restart']>['kind'], NodeStatus['state']>>;

/** What was asked for is seen before the owner has acted on it. */
export function nodeState(intent: NodeIntent | null, { state, since, restartSequence = 0 }: Pick<NodeStatus, 'state' | 'since' | 'restartSequence'>): Pick<NodeStatus, 'state' | 'since'> {
  if (intent === null || intent.restart === null || intent.restartSequence <= restartSequence || state === 'leavingpool') return { state, since };
  return { state: ASKED_STATES[intent.restart.kind], since: intent.restart.at };
}

export interface PoolView {
  readonly state: 'active' | 'deleting';
  readonly since: Instant;
  readonly allocationState: 'steady' | 'resizing' | 'stopping';
  readonly allocationSince: Instant;
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
}

export function poolState(
  intent: Pick<PoolIntent, 'createdAt' | 'resizeSequence' | 'resizeRequestedAt' | 'stopSequence' | 'deletedAt' | 'targetDedicated' | 'targetLowPriority'> & { readonly autoScale?: object | null },
  status: Pick<PoolStatus, 'allocationState' | 'allocationSince' | 'resizeSequence' | 'stopSequence' | 'targetDedicated' | 'targetLowPriority' | 'autoScale'> | null,
): PoolView {
  const state = intent.deletedAt === null ? 'active' : 'deleting';
  const since = intent.deletedAt ?? intent.createdAt;
  const resizing = intent.resizeSequence > (status?.resizeSequence ?? 0);
  const { targetDedicated, targetLowPriority } = resizing ? intent : (status ?? intent);
  const shared = { state, since, targetDedicated, targetLowPriority } as const;
  if (resizing) return { ...shared, allocationState: 'resizing', allocationSince: intent.resizeRequestedAt };
  const seen = status?.allocationState ?? 'resizing';
  const isStopped = intent.stopSequence >= intent.resizeSequence && intent.stopSequence > (status?.stopSequence ?? 0);
  // The formula that began it decides no more.
  const isLeft = (status?.autoScale ?? null) !== null && !intent.autoScale;
  const stopping = seen === 'resizing' && (isStopped || isLeft);
  return { ...shared, allocationState: stopping ? 'stopping' : seen, allocationSince: status?.allocationSince ?? intent.createdAt };
}
