import { expect, test } from 'vitest';
import { factsOf, violations } from './facts.ts';

const NEWEST = factsOf('2025-06-01');
const TASK = { id: 't', url: 'http://host/t', eTag: '0x1', lastModified: '2026-11-20T12:00:00Z', creationTime: '2026-11-20T12:00:00Z', state: 'active', stateTransitionTime: '2026-11-20T12:00:00.1234567Z', commandLine: 'x', executionInfo: { retryCount: 0, requeueCount: 0 } };

test('an answer as the facts have it violates nothing', () => {
  expect(violations(NEWEST, 'BatchTask', TASK)).toEqual([]);
});

test.each([
  ['a property that no client knows', { more: 1 }, 'BatchTask.more is unknown'],
  ['one of another type', { id: 1 }, 'BatchTask.id is 1, no string'],
  ['one that is missing', { executionInfo: { retryCount: 0 } }, 'BatchTask.executionInfo.requeueCount is missing'],
  ['a word that is none of an enum', { state: 'waiting' }, 'BatchTask.state is "waiting", none of active, preparing, running, completed'],
  ['a time that is none', { creationTime: 'yesterday' }, 'BatchTask.creationTime is "yesterday", no string:date-time'],
  ['a duration that is none', { constraints: { maxWallClockTime: '1 h' } }, 'BatchTask.constraints.maxWallClockTime is "1 h", no string:duration'],
  ['what is no list', { resourceFiles: {} }, 'BatchTask.resourceFiles is no list'],
  ['something deep within', { resourceFiles: [{ fileMode: true }] }, 'BatchTask.resourceFiles[0].fileMode is true, no string'],
  ['a number with a fraction', { requiredSlots: 1.5 }, 'BatchTask.requiredSlots is 1.5, no integer:int32'],
])('an answer with %s violates the facts', (_what, change, violation) => {
  expect(violations(NEWEST, 'BatchTask', { ...TASK, ...change })).toEqual([violation]);
});

test('versions before the first facts have the names of their time', () => {
  expect(factsOf('2017-05-01.5.0').shapes['CloudPool']).toHaveProperty('maxTasksPerNode');
  expect(factsOf('2017-05-01.5.0').shapes['CloudPool']).not.toHaveProperty('taskSlotsPerNode');
  expect(factsOf('2020-09-01.12.0').shapes['CloudPool']).not.toHaveProperty('maxTasksPerNode');
});
