import type { WireScheduleState } from '../../../core/wireState.ts';
import { BatchError, type ErrorCode } from '../../../wire/errors.ts';

/** The calls that a schedule's state may refuse. */
export type ScheduleCall = 'disable' | 'enable' | 'terminate' | 'delete' | 'update';

const ENDING = { terminating: 'JobScheduleBeingTerminated', completed: 'JobScheduleCompleted', deleting: 'JobScheduleBeingDeleted' } as const;

/**
 * The states that refuse a call, with the code of the 409 (states.md 3.6). All other states allow it: a schedule that
 * is disabled, or enabled, already stays so.
 */
const scheduleRefusals: Readonly<Record<ScheduleCall, Readonly<Partial<Record<WireScheduleState, ErrorCode>>>>> = {
  disable: ENDING,
  enable: ENDING,
  terminate: ENDING,
  update: ENDING,
  delete: { deleting: 'JobScheduleBeingDeleted' },
};

/** What another call of this kind, forced, may speed up, as with jobs. */
const FORCIBLE: Readonly<Partial<Record<ScheduleCall, WireScheduleState>>> = { terminate: 'terminating', delete: 'deleting' };

/** @throws BatchError the 409 of that call in that state. */
export function guardSchedule(call: ScheduleCall, state: WireScheduleState, isForced: boolean): void {
  if (isForced && state === FORCIBLE[call]) return;
  const code = scheduleRefusals[call][state];
  if (code !== undefined) throw new BatchError(code);
}
