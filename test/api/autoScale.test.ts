import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(async () => {
  it.now.value = Date.parse('2026-11-20T12:00:00Z');
  await it.clear();
});
afterAll(() => it.close());

const FORMULA = '$TargetDedicatedNodes = 2;';
const RUN = { sequence: 0, evaluatedAt: Date.parse('2026-11-20T12:00:00.25Z'), results: '$TargetDedicatedNodes=2;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue', error: null, option: 'requeue' } as const;

function add(more: object = {}): Promise<Got> {
  return it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, ...more } });
}
function addScaled(more: object = {}): Promise<Got> {
  return add({ enableAutoScale: true, autoScaleFormula: FORMULA, ...more });
}
function post(operation: string, body?: object): Promise<Got> {
  return it.ask({ method: 'POST', url: `/pools/p/${operation}`, ...(body === undefined ? {} : { body }) });
}
async function pool(): Promise<Got['json']> {
  return (await it.ask({ url: '/pools/p' })).json;
}
async function said(asked: Promise<Got>): Promise<string> {
  const { status, json } = await asked;
  return `${status} ${json?.code ?? ''}`.trim();
}
async function intent(): Promise<unknown> {
  return (await it.pool.query("select rules -> 'autoScale' as formula, auto_scale_sequence as sequence, auto_scale_at as at from pool")).rows[0];
}

describe('a pool is made with a formula', () => {
  test('and says it, the interval, what the formula gave last, and no resize timeout', async () => {
    expect((await addScaled({ autoScaleEvaluationInterval: 'PT6M' })).status).toBe(201);
    expect(await intent()).toEqual({ formula: { formula: FORMULA, intervalMs: 360_000 }, sequence: 0, at: null });
    await write.pool('p', { targetDedicated: 2, autoScale: RUN });
    const json = await pool();
    expect(json).toMatchObject({ enableAutoScale: true, autoScaleFormula: FORMULA, autoScaleEvaluationInterval: 'PT6M', targetDedicatedNodes: 2, autoScaleRun: { timestamp: '2026-11-20T12:00:00.25Z', results: RUN.results } });
    expect(json.autoScaleRun).not.toHaveProperty('error');
    expect(json).not.toHaveProperty('resizeTimeout');
  });

  test('each 15 minutes, unless it says otherwise', async () => {
    await addScaled();
    expect(await pool()).toMatchObject({ autoScaleEvaluationInterval: 'PT15M' });
    expect(await intent()).toMatchObject({ formula: { intervalMs: 900_000 } });
  });

  test.each([
    ['a formula that means nothing', { autoScaleFormula: 'x = 1 +;\n$TargetDedicatedNodes = nothing;' }, 'AutoScalingFormulaSyntaxError', [{ key: 'Message', value: expect.stringMatching(/^Line 1, Col 8: /) }, { key: 'Message', value: 'Line 2, Col 25: Undefined symbol: nothing' }]],
    ['one that is too long', { autoScaleFormula: `//${'x'.repeat(8191)}` }, 'AutoScalingFormulaTooLong', undefined],
    ['one of too many statements', { autoScaleFormula: 'a=1;'.repeat(101) }, 'AutoScalingFormulaSyntaxError', undefined],
    ['none', { autoScaleFormula: undefined }, 'InvalidPropertyValue', undefined],
    ['a target', { targetDedicatedNodes: 1 }, 'InvalidPropertyValue', undefined],
    ['a target of low priority', { targetLowPriorityNodes: 0 }, 'InvalidPropertyValue', undefined],
    ['an interval below 5 minutes', { autoScaleEvaluationInterval: 'PT4M59S' }, 'InvalidPropertyValue', [{ key: 'PropertyName', value: 'autoScaleEvaluationInterval' }, { key: 'PropertyValue', value: 'PT4M59S' }, { key: 'Reason', value: 'The value must be at least PT5M.' }]],
    ['one above a week', { autoScaleEvaluationInterval: 'P7DT1S' }, 'InvalidPropertyValue', undefined],
    ['one that is none', { autoScaleEvaluationInterval: 'soon' }, 'InvalidRequestBody', undefined],
  ])('but not with %s', async (_what, change, code, values) => {
    const answer = await addScaled(change);
    expect([answer.status, answer.json.code]).toEqual([400, code]);
    if (values !== undefined) expect(answer.json.values).toEqual(values);
  });

  test.each(['PT5M', 'P7D'])('with an interval of %s, the least and the most', async (autoScaleEvaluationInterval) => {
    expect((await addScaled({ autoScaleEvaluationInterval })).status).toBe(201);
  });
});

describe('automatic scaling is enabled', () => {
  test('on a pool at rest: it moves the ETag, and the owner hears of a new formula', async () => {
    await add({ targetDedicatedNodes: 1 });
    await write.pool('p', { currentDedicated: 1 });
    const before = (await pool()).eTag;
    const answer = await post('enableautoscale', { autoScaleFormula: FORMULA, autoScaleEvaluationInterval: 'PT6M' });
    expect([answer.status, answer.headers['dataserviceid']]).toEqual([200, expect.stringMatching(/\/pools\/p\/enableautoscale$/)]);
    expect(answer.headers['etag']).not.toBe(before);
    expect(await intent()).toEqual({ formula: { formula: FORMULA, intervalMs: 360_000 }, sequence: 1, at: it.now.value });
    expect(await pool()).toMatchObject({ enableAutoScale: true, targetDedicatedNodes: 1, eTag: answer.headers['etag'] });
  });

  test('again with an interval alone: the formula stays', async () => {
    await addScaled();
    await write.pool('p', { autoScale: RUN });
    expect(await said(post('enableautoscale', { autoScaleEvaluationInterval: 'PT1H' }))).toBe('200');
    expect(await intent()).toMatchObject({ formula: { formula: FORMULA, intervalMs: 3_600_000 }, sequence: 1 });
  });

  test.each([
    ['nothing', {}, '400 MissingRequiredProperty'],
    ['an interval alone, where there is no formula', { autoScaleEvaluationInterval: 'PT5M' }, '400 MissingRequiredProperty'],
    ['a formula that means nothing', { autoScaleFormula: '$TargetDedicatedNodes = ' }, '400 AutoScalingFormulaSyntaxError'],
    ['too short an interval', { autoScaleFormula: FORMULA, autoScaleEvaluationInterval: 'PT1M' }, '400 InvalidPropertyValue'],
  ])('but not with %s', async (_what, body, answer) => {
    await add();
    await write.pool('p', {});
    expect(await said(post('enableautoscale', body))).toBe(answer);
    expect((await pool()).enableAutoScale).toBe(false);
  });

  test('but not in the middle of a resize, nor twice within 30 seconds', async () => {
    await add({ targetDedicatedNodes: 1 });
    expect(await said(post('enableautoscale', { autoScaleFormula: FORMULA }))).toBe('409 PoolBeingResized');
    await write.pool('p', {});
    expect(await said(post('enableautoscale', { autoScaleFormula: FORMULA }))).toBe('200');
    it.now.value += 29_999;
    expect(await said(post('enableautoscale', { autoScaleFormula: FORMULA }))).toBe('503 TooManyEnableAutoScaleRequests');
    it.now.value += 1;
    expect(await said(post('enableautoscale', { autoScaleFormula: FORMULA }))).toBe('200');
  });
});

describe('automatic scaling is enabled by two at once', () => {
  test('one is heard, the other is told', async () => {
    await add({ targetDedicatedNodes: 1 });
    await write.pool('p', { currentDedicated: 1 });
    const other = '$TargetDedicatedNodes = 3;';
    const both = await Promise.all([FORMULA, other].map((autoScaleFormula) => said(post('enableautoscale', { autoScaleFormula }))));
    expect(both.toSorted()).toEqual(['200', expect.stringMatching(/^(409 PoolBeingResized|503 TooManyEnableAutoScaleRequests)$/)]);
    expect(await intent()).toMatchObject({ formula: { formula: both[0] === '200' ? FORMULA : other }, sequence: 1 });
  });
});

describe('automatic scaling is disabled', () => {
  test('the ETag stays, a resize of the formula is being stopped, and the targets are what the formula said', async () => {
    await addScaled();
    await write.pool('p', { allocationState: 'resizing', targetDedicated: 2, autoScale: RUN });
    const before = (await pool()).eTag;
    const answer = await post('disableautoscale');
    expect([answer.status, answer.headers['etag']]).toEqual([200, before]);
    const json = await pool();
    expect(json).toMatchObject({ enableAutoScale: false, allocationState: 'stopping', targetDedicatedNodes: 2, resizeTimeout: 'PT15M' });
    for (const name of ['autoScaleFormula', 'autoScaleEvaluationInterval', 'autoScaleRun']) expect(json).not.toHaveProperty(name);
    expect(await intent()).toMatchObject({ formula: null });
  });

  test('on a pool without a formula nothing changes', async () => {
    await add();
    expect(await said(post('disableautoscale'))).toBe('200');
  });
});

describe('a formula is tried', () => {
  test('on what was measured, and the pool stays as it is', async () => {
    await addScaled();
    await write.pool('p', { targetDedicated: 2, currentDedicated: 2, autoScale: RUN });
    await write.node('p', { id: 'n1' });
    await it.pool.query("insert into pool_sample (pool, at, sample) select pool, $1, '{\"$PendingTasks\": 7}' from pool", [it.now.value - 30_000]);
    const answer = await post('evaluateautoscale', { autoScaleFormula: '$TargetDedicatedNodes = $PendingTasks.GetSample(1); u = $UsableNodeCount; c = $CurrentDedicatedNodes; $NodeDeallocationOption = taskcompletion;' });
    expect(answer.json).toEqual({
      'odata.metadata': expect.stringMatching(/#Microsoft\.Azure\.Batch\.Protocol\.Entities\.AutoScaleRun$/),
      timestamp: '2026-11-20T12:00:00Z',
      results: '$TargetDedicatedNodes=7;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;c=2;u=1',
    });
    expect(answer.headers['dataserviceid']).toMatch(/\/pools\/p\/evaluateautoscale$/);
    expect((await pool()).targetDedicatedNodes).toBe(2);
  });

  test('one that is bad is answered as recorded: with the targets as they are, and the place of the error', async () => {
    await addScaled();
    await write.pool('p', { targetDedicated: 2, autoScale: RUN });
    const { status, json } = await post('evaluateautoscale', { autoScaleFormula: '$something_useless' });
    expect([status, json.results, json.error]).toEqual([200, RUN.results, { code: 'AutoScalingFormulaEvaluationError', message: 'The specified auto-scaling formula has evaluation error', values: [{ name: 'Message', value: 'Line 1, Col 1: Undefined symbol: $something_useless' }] }]);
  });

  test('but not on a pool without automatic scaling, nor without a formula', async () => {
    await add();
    expect(await said(post('evaluateautoscale', { autoScaleFormula: FORMULA }))).toBe('409 OperationInvalidForCurrentState');
    expect(await said(post('evaluateautoscale', {}))).toBe('400 MissingRequiredProperty');
  });
});

describe('a pool whose size a formula decides', () => {
  test('is not resized by hand, nor are its nodes removed', async () => {
    await addScaled();
    await write.pool('p', { autoScale: RUN });
    await write.node('p', { id: 'n1' });
    expect(await said(post('resize', { targetDedicatedNodes: 1 }))).toBe('409 OperationNotValidOnPool');
    expect(await said(post('removenodes', { nodeList: ['n1'] }))).toBe('409 OperationNotValidOnPool');
  });

  test('can be stopped in each of its resizes, and is resized by hand afterwards', async () => {
    await addScaled();
    for (const stopSequence of [0, 1]) {
      await write.pool('p', { allocationState: 'resizing', stopSequence, autoScale: RUN });
      expect(await said(post('stopresize'))).toBe('202');
      expect((await pool()).allocationState).toBe('stopping');
    }
    await post('disableautoscale');
    await write.pool('p', { stopSequence: 2 });
    expect(await said(post('resize', { targetDedicatedNodes: 1 }))).toBe('202');
    expect((await pool()).allocationState).toBe('resizing');
  });
});
