import { describe, expect, test } from 'vitest';
import type { Transition } from '../../src/core/transitions/transition.ts';
import { cloudEvent, cloudEventText } from '../../src/api/events/cloudEvent.ts';

const at = 1_795_900_000_120;
const task = { job: 5, task: 7, jobId: 'job "1"', taskId: 'täsk\n7', attempt: 1 };
const failure = { category: 'UserError', code: 'FailureExitCode', message: 'it said "no"', details: [{ name: 'a', value: 'b\\' }] };

/** As the rules tell them, and with what could need care as text. */
const TOLD = [
  { kind: 'task.created', at, from: null, state: 'active', cause: 'added', ...task },
  { kind: 'task.failed', at, from: 'running', state: 'completed', cause: 'exited', ...task, node: 9, nodeId: 'n', poolId: undefined, exitCode: -9, result: 'failure', retryCount: 0, startedAt: at, endedAt: at + 1, failure },
  { kind: 'node.unusable', at, from: 'idle', state: 'unusable', node: 9, nodeId: 'n', poolId: 'P', errors: [{ code: 'X', message: '</script>' }] },
  { kind: 'schedule.created', at, from: null, state: 'active', schedule: 3, scheduleId: 'nightly' },
] as unknown as readonly Transition[];

describe('an event as text', () => {
  test.each(TOLD.map((transition) => ({ kind: transition.kind, transition })))('$kind is the CloudEvent that lists give', ({ transition }) => {
    const told = { position: { epoch: 3, tick: 1_702, place: 0, at }, transition };
    expect(cloudEventText('my "account"', told)).toBe(JSON.stringify(cloudEvent('my "account"', told)));
  });
});
