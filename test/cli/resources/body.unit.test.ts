import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ACTIONS, CREATION, troubleOf } from '../../../src/cli/resources/actions.ts';
import { bodyOf } from '../../../src/cli/resources/body.ts';

const directory = mkdtempSync(join(tmpdir(), 'linarite-body-'));
afterAll(() => rmSync(directory, { recursive: true }));
function file(text: string): string {
  const path = join(directory, 'body.json');
  writeFileSync(path, text);
  return path;
}

describe('a body', () => {
  test('is what flags say, each in its place', () => {
    const values = { id: 'p', vmSize: 's', image: 'a:b:c', nodeAgentSkuId: 'n', targetDedicatedNodes: '2', startTaskWaitForSuccess: true, metadata: ['k=v=w', 'l='], applicationPackageReferences: ['app#1.0', 'other'] };
    expect(bodyOf(CREATION.pool, values, undefined)).toEqual({
      id: 'p',
      vmSize: 's',
      virtualMachineConfiguration: { imageReference: { publisher: 'a', offer: 'b', sku: 'c', version: 'latest' }, nodeAgentSKUId: 'n' },
      targetDedicatedNodes: 2,
      startTask: { waitForSuccess: true },
      metadata: [{ name: 'k', value: 'v=w' }, { name: 'l', value: '' }],
      applicationPackageReferences: [{ applicationId: 'app', version: '1.0' }, { applicationId: 'other' }],
    });
  });

  test('of a pool with a formula says that it scales itself, as az has it', () => {
    expect(bodyOf(CREATION.pool, { id: 'p', autoScaleFormula: '$TargetDedicatedNodes = 1;' }, undefined)).toEqual({ id: 'p', enableAutoScale: true, autoScaleFormula: '$TargetDedicatedNodes = 1;' });
  });

  test('is that of a file, with what flags change', () => {
    expect(bodyOf(CREATION.job, { poolId: 'q', priority: '5' }, file('{"id":"j","poolInfo":{"poolId":"p","autoPoolSpecification":null},"displayName":"d"}'))).toEqual({ id: 'j', displayName: 'd', priority: 5, poolInfo: { poolId: 'q', autoPoolSpecification: null } });
  });

  test.each([
    [{ priority: 'high' }, '--priority <number>: high is no number'],
    [{ metadata: ['novalue'] }, '--metadata <name=value...>: novalue is not NAME=VALUE'],
  ])('%o is refused', (values, message) => {
    expect(() => bodyOf(CREATION.job, values, undefined)).toThrow(message);
  });

  test.each([
    ['[1]', 'is no JSON object'],
    ['{', 'is not JSON'],
  ])('a file with %s is refused', (text, message) => {
    expect(() => bodyOf(CREATION.job, {}, file(text))).toThrow(message);
  });

  test('an image that is none is refused', () => {
    expect(() => bodyOf(CREATION.pool, { image: 'ubuntu' }, undefined)).toThrow('ubuntu is not PUBLISHER:OFFER:SKU[:VERSION]');
  });
});

test('no two actions of a kind of resources share a verb', () => {
  const verbs = ACTIONS.flatMap(({ noun, verb, alias }) => [verb, ...(alias === undefined ? [] : [alias])].map((word) => `${noun} ${word}`));
  expect(new Set(verbs).size).toBe(verbs.length);
});

test('what is no success says why', () => {
  expect(troubleOf('task', { executionInfo: { result: 'failure', exitCode: 3, failureInfo: { code: 'FailureExitCode' } } })).toBe('exit code 3, FailureExitCode');
  expect(troubleOf('task', { executionInfo: { result: 'success', exitCode: 0 } })).toBeNull();
  expect(troubleOf('pool', { resizeErrors: [{ code: 'AllocationTimedout', message: 'late' }] })).toBe('AllocationTimedout: late');
  expect(troubleOf('node', { state: 'starttaskfailed', startTaskInfo: { failureInfo: { message: 'exit 1' } } })).toBe('exit 1');
  expect(troubleOf('job', { executionInfo: { terminateReason: 'TaskFailed' } })).toBe('TaskFailed');
});
