import { expect, test } from 'vitest';
import { eventsBetween, isWanted, type Look, type Seen } from '../../src/cli/events/looks.ts';

function at(second: number): string {
  return new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
}
const OPTIONS = { sinceMs: Date.parse(at(10)), nowMs: Date.parse(at(59)), source: '/accounts/a' };

function look(...all: readonly Seen[]): Look {
  return new Map(all.map((seen) => [seen.subject, seen]));
}
function task(id: string, item: Readonly<Record<string, unknown>>): Seen {
  return { noun: 'task', subject: `jobs/j/tasks/${id}`, ids: { jobId: 'j', taskId: id }, item: { id, ...item } };
}
function told(before: Look | null, now: Look): readonly string[] {
  return eventsBetween(before, now, OPTIONS).map(({ type, subject = '', data }) => `${type.replace('linarite.', '')} ${subject} ${String(data['previousState'])}`);
}

test('a first look tells what has changed since then, and not what was before', () => {
  const old = task('old', { state: 'completed', creationTime: at(1), stateTransitionTime: at(5), executionInfo: { result: 'success' } });
  const young = task('young', { state: 'completed', creationTime: at(11), stateTransitionTime: at(13), executionInfo: { result: 'failure' } });
  const ended = task('ended', { state: 'completed', creationTime: at(1), stateTransitionTime: at(12), executionInfo: { result: 'success' } });
  expect(told(null, look(old, young, ended))).toEqual(['task.created jobs/j/tasks/young null', 'task.succeeded jobs/j/tasks/ended null', 'task.failed jobs/j/tasks/young null']);
});

test('the next look tells what is new, what is in another state, what came to the same state again, and what is gone', () => {
  const before = look(task('runs', { state: 'running', creationTime: at(1), stateTransitionTime: at(20) }), task('again', { state: 'running', creationTime: at(1), stateTransitionTime: at(20) }), task('stays', { state: 'active', creationTime: at(1), stateTransitionTime: at(1) }), task('gone', { state: 'completed', creationTime: at(1), stateTransitionTime: at(2) }));
  const now = look(task('runs', { state: 'active', creationTime: at(1), stateTransitionTime: at(31) }), task('again', { state: 'running', creationTime: at(1), stateTransitionTime: at(32) }), task('stays', { state: 'active', creationTime: at(1), stateTransitionTime: at(1) }), task('new', { state: 'active', creationTime: at(30), stateTransitionTime: at(30) }));
  expect(told(before, now)).toEqual(['task.created jobs/j/tasks/new null', 'task.requeued jobs/j/tasks/runs running', 'task.running jobs/j/tasks/again running', 'task.deleted jobs/j/tasks/gone completed']);
});

test('of pools the size is told, and that it is reached', () => {
  const pool = (state: string, second: number, errors?: readonly unknown[]): Seen => ({ noun: 'pool', subject: 'pools/p', ids: { poolId: 'p' }, item: { id: 'p', state: 'active', creationTime: at(1), allocationState: state, allocationStateTransitionTime: at(second), ...(errors === undefined ? {} : { resizeErrors: errors }) } });
  expect(told(look(pool('resizing', 20)), look(pool('steady', 25)))).toEqual(['pool.resized pools/p resizing']);
  expect(told(look(pool('steady', 25)), look(pool('resizing', 30)))).toEqual(['pool.resizing pools/p steady']);
});

test('kinds, groups, nouns, states and ids select as the service does', () => {
  const [event] = eventsBetween(null, look(task('t', { state: 'completed', creationTime: at(1), stateTransitionTime: at(12), executionInfo: { result: 'failure' }, nodeInfo: { poolId: 'P' } })), OPTIONS);
  if (event === undefined) throw new Error('no event');
  const isOf = (wanted: Partial<Parameters<typeof isWanted>[1]>): boolean => isWanted(event, { kind: [], state: [], pool: undefined, job: undefined, ...wanted });
  expect([isOf({}), isOf({ kind: ['task'] }), isOf({ kind: ['task.*'] }), isOf({ kind: ['task.failed'] }), isOf({ kind: ['task.completed'] }), isOf({ pool: 'p' }), isOf({ job: 'J' }), isOf({ state: ['completed'] })]).toEqual(Array(8).fill(true));
  expect([isOf({ kind: ['job'] }), isOf({ kind: ['task.succeeded'] }), isOf({ pool: 'q' }), isOf({ job: 'k' }), isOf({ state: ['running'] })]).toEqual(Array(5).fill(false));
});
