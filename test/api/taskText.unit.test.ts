import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { taskSpecText, taskText } from '../../src/api/data/task/text.ts';
import { wireTask, type StoredTask, type TaskContext } from '../../src/api/data/task/view.ts';
import type { TaskWithStatus } from '../../src/store/intents/tasks.ts';
import { dataContract } from '../../src/wire/dataContract.ts';
import { parseApiVersion } from '../../src/wire/versions.ts';

const versions = ['2017-05-01.5.0', '2018-12-01.8.0', '2019-08-01.10.0', '2022-01-01.15.0', '2025-06-01'].map(parseApiVersion);
const newest = parseApiVersion('2025-06-01');
const noon = Date.UTC(2026, 10, 28, 12);
const CONTEXT: TaskContext = { baseUrl: 'http://host', jobId: 'job', poolId: 'pool', jobRetryCount: 3, nodes: new Map([[7, { id: 'node', poolId: 'pool' }]]) };

function row(id: string, spec: string): TaskWithStatus {
  return {
    task: 1,
    id,
    spec,
    createdAt: noon,
    modifiedAt: noon,
    terminateAt: null,
    reactivateSequence: 0,
    state: 'completed',
    since: noon + 2,
    previousState: 'running',
    previousSince: noon + 1,
    node: 7,
    startedAt: noon + 1,
    endedAt: noon + 2,
    exitCode: 1,
    result: 'failure',
    failure: JSON.stringify({ category: 'UserError', code: 'FailureExitCode', message: 'm', details: [] }),
    container: JSON.stringify({ containerId: 'c', state: 'exited', error: '' }),
    retryCount: 1,
    lastRetryAt: noon,
    requeueCount: 0,
    lastRequeueAt: null,
    seenReactivateSequence: 0,
    used: null,
    earlierMs: 0,
  };
}

// Texts that look like what the specification's own text is searched for.
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"constraints":{', '},"maxTaskRetryCount":9', 'password', '"password"', '{"id":"x",', '\\"', '}'));
const constraints = fc.record({ maxWallClockTime: fc.constant('PT1H'), retentionTime: fc.constant('P7D'), maxTaskRetryCount: fc.integer({ min: -1, max: 9 }) }, { requiredKeys: ['maxWallClockTime', 'retentionTime'] });
const optional = {
  displayName: text,
  commandLine: text,
  containerSettings: fc.record({ imageName: text, registry: fc.record({ username: text, password: text }, { requiredKeys: ['username'] }) }, { requiredKeys: ['imageName'] }),
  resourceFiles: fc.array(fc.record({ httpUrl: text, filePath: text }, { requiredKeys: [] }), { maxLength: 2 }),
  environmentSettings: fc.array(fc.record({ name: text, value: text }), { maxLength: 2 }),
  userIdentity: fc.constant({ autoUser: { scope: 'pool', elevationLevel: 'admin' } }),
  requiredSlots: fc.integer({ min: 1, max: 256 }),
};
const specification = fc
  .tuple(text, fc.record(optional, { requiredKeys: ['commandLine'] }), constraints, fc.boolean())
  .map(([id, rest, limits, last]) => (last ? { id, ...rest, constraints: limits } : { constraints: limits, ...rest, id }));

describe('the text of a task in a page', () => {
  test('says what the long way says, in every API version', () => {
    fc.assert(
      fc.property(specification, fc.constantFrom(...versions), (spec, version) => {
        const stored = row(spec.id, taskSpecText(spec as StoredTask));
        expect(taskText(stored, version, CONTEXT)).toBe(JSON.stringify(dataContract.writeBody('Task', version, wireTask(stored, CONTEXT))));
      }),
      { numRuns: 500 },
    );
  });

  test('says it of specifications that were stored in another order, too', () => {
    fc.assert(
      fc.property(specification, fc.constantFrom(...versions), (spec, version) => {
        const stored = row(spec.id, JSON.stringify(spec));
        const long = JSON.parse(JSON.stringify(dataContract.writeBody('Task', version, wireTask(stored, CONTEXT)))) as unknown;
        expect(JSON.parse(taskText(stored, version, CONTEXT))).toEqual(long);
      }),
      { numRuns: 300 },
    );
  });

  test('leaves out what an older version does not know, and secrets in all', () => {
    const stored = { id: 't', commandLine: 'x', requiredSlots: 2, containerSettings: { imageName: 'i', registry: { username: 'u', password: 'secret' } }, constraints: { maxWallClockTime: 'PT1H', retentionTime: 'P7D' } };
    const task = row('t', JSON.stringify(stored));
    expect(taskText(task, parseApiVersion('2017-05-01.5.0'), CONTEXT)).not.toMatch(/requiredSlots|containerSettings/);
    for (const version of versions) expect(taskText(task, version, CONTEXT)).not.toContain('secret');
  });
});

describe('a stored text is taken as it is', () => {
  test.each([
    ['with names that all versions know', { commandLine: 'x' }, true, true],
    ['but not with a secret', { containerSettings: { imageName: 'i', registry: { password: 'p' } } }, false, false],
    ['but not where a name is younger than the version', { requiredSlots: 1 }, false, true],
    ['but not where a name was another', { resourceFiles: [{ httpUrl: 'u' }] }, false, true],
    ['also where a value looks like such a name', { commandLine: '"password": "x"' }, true, true],
  ])('%s', (_what, stored, oldest, today) => {
    expect(dataContract.isVerbatim('Task', parseApiVersion('2017-05-01.5.0'), JSON.stringify(stored))).toBe(oldest);
    expect(dataContract.isVerbatim('Task', newest, JSON.stringify(stored))).toBe(today);
  });
});
