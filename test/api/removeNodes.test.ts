import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 4, targetLowPriorityNodes: 1 } });
});
afterAll(() => it.close());

function remove(nodeList: unknown, more: object = {}) {
  return it.ask({ method: 'POST', url: '/pools/p/removenodes', body: { nodeList, ...more } });
}

/** A steady pool with two dedicated nodes of the four that it wanted, and one of low priority. */
async function steady(): Promise<readonly number[]> {
  await write.pool('p', { currentDedicated: 2, currentLowPriority: 1, resizeErrors: [{ code: 'AllocationFailed', message: 'none left' }] });
  const one = await write.node('p', { id: 'tvmps_1_d' });
  const other = await write.node('p', { id: 'tvmps_2_d' });
  return [one, other, await write.node('p', { id: 'tvmps_3_p', dedicated: false })];
}

describe('nodes are removed from a pool', () => {
  test('which is resizing then, without them in its targets and without the errors of before, under another ETag', async () => {
    const [one, , third] = await steady();
    const before = (await it.ask({ url: '/pools/p' })).json;
    const removed = await remove(['TVMPS_1_d', 'tvmps_3_p', 'tvmps_1_d'], { nodeDeallocationOption: 'taskcompletion', resizeTimeout: 'PT6M' });
    expect([removed.status, removed.headers['dataserviceid']]).toEqual([202, expect.stringMatching(/\/pools\/p\/removenodes$/)]);
    const { json } = await it.ask({ url: '/pools/p' });
    expect(json).toMatchObject({ allocationState: 'resizing', targetDedicatedNodes: 1, targetLowPriorityNodes: 0, resizeTimeout: 'PT6M', eTag: removed.headers['etag'] });
    expect(json).not.toHaveProperty('resizeErrors');
    expect(json.eTag).not.toBe(before.eTag);
    const { rows: [row] } = await it.pool.query<{ removing: number[]; node_deallocation: string }>('select removing, node_deallocation from pool');
    expect(row).toEqual({ removing: [one, third], node_deallocation: 'taskcompletion' });
  });

  test('and a resize after that names none', async () => {
    await steady();
    await remove(['tvmps_1_d']);
    await write.pool('p', { currentDedicated: 1, targetDedicated: 1 });
    await it.ask({ method: 'POST', url: '/pools/p/resize', body: { targetDedicatedNodes: 2 } });
    expect((await it.pool.query('select removing from pool')).rows).toEqual([{ removing: null }]);
  });

  test('but not while the pool is resizing', async () => {
    await steady();
    await remove(['tvmps_1_d']);
    expect(await remove(['tvmps_2_d'])).toMatchObject({ status: 409, json: { code: 'PoolBeingResized' } });
  });

  test('nor two removals at once, nor a removal and a resize: one begins, the other is told', async () => {
    await steady();
    const both = await Promise.all([remove(['tvmps_1_d']), remove(['tvmps_2_d'])]);
    expect(both.map(({ status, json }) => `${status} ${json?.code ?? ''}`.trim()).toSorted()).toEqual(['202', '409 PoolBeingResized']);
    await write.pool('p', { currentDedicated: 1, targetDedicated: 1 });
    const resize = it.ask({ method: 'POST', url: '/pools/p/resize', body: { targetDedicatedNodes: 3 } });
    const others = await Promise.all([resize, remove(['tvmps_3_p'])]);
    expect(others.map(({ status, json }) => `${status} ${json?.code ?? ''}`.trim()).toSorted()).toEqual(['202', '409 PoolBeingResized']);
  });

  test.each([
    ['a node that the pool does not have', ['tvmps_1_d', 'tvmps_9_d'], 404, 'NodeNotFound', 'tvmps_9_d'],
    ['a node that has left', ['gone'], 404, 'NodeNotFound', 'gone'],
    ['none', [], 400, 'InvalidPropertyValue', undefined],
    ['more than 100', Array.from({ length: 101 }, (_, index) => `n${index}`), 400, 'InvalidPropertyValue', undefined],
    ['not a list', 'tvmps_1_d', 400, 'InvalidRequestBody', undefined],
    ['nothing', undefined, 400, 'MissingRequiredProperty', undefined],
  ])('but not %s', async (_what, nodeList, status, code, named) => {
    await steady();
    await write.node('p', { id: 'gone', goneAt: 1 });
    const answer = await remove(nodeList);
    expect(answer).toMatchObject({ status, json: { code } });
    if (named !== undefined) expect(answer.json.values).toEqual([{ key: 'PropertyName', value: 'nodeList' }, { key: 'PropertyValue', value: named }]);
    expect((await it.ask({ url: '/pools/p' })).json.allocationState).toBe('steady');
  });

  test('a hundred at once', async () => {
    await write.pool('p', { currentDedicated: 100, targetDedicated: 100 });
    const ids = Array.from({ length: 100 }, (_, index) => `tvmps_${index}_d`);
    for (const id of ids) await write.node('p', { id });
    expect((await remove(ids)).status).toBe(202);
    expect((await it.ask({ url: '/pools/p' })).json.targetDedicatedNodes).toBe(0);
  });
});
