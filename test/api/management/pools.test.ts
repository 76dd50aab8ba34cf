import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses } from '../statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from '../support.ts';
import { ACCOUNT, manage, placed, polledOnce } from './asking.ts';
import { publishedPool } from './publishedPool.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(async () => {
  await it.clear();
  await placed(it);
});
afterAll(() => it.close());

function pool(name: string): string {
  return `${ACCOUNT}/pools/${name}`;
}

const MACHINE = { deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } } };
function put(name: string, properties: object, headers = {}): Promise<Got> {
  return manage(it, 'PUT', pool(name), { properties: { vmSize: 'Standard_A1_v2', ...MACHINE, ...properties } }, headers);
}

describe('a pool in the form of Resource Manager', () => {
  test('is answered as the real service answers it', async () => {
    const { status, json, headers } = await put('One', { displayName: 'a pool', scaleSettings: { fixedScale: { targetDedicatedNodes: 2, targetLowPriorityNodes: 1 } }, startTask: { commandLine: 'true', userIdentity: { autoUser: { elevationLevel: 'Admin' } } } });
    expect(status).toBe(200);
    expect(headers['etag']).toMatch(/^W\/"0x[0-9A-F]+"$/);
    const at = '2026-11-20T12:00:00Z';
    expect(json).toEqual({
      id: pool('One'),
      name: 'One',
      type: 'Microsoft.Batch/batchAccounts/pools',
      etag: headers['etag'],
      properties: {
        displayName: 'a pool',
        lastModified: at,
        creationTime: at,
        provisioningState: 'Succeeded',
        provisioningStateTransitionTime: at,
        allocationState: 'Resizing',
        allocationStateTransitionTime: at,
        vmSize: 'STANDARD_A1_V2',
        interNodeCommunication: 'Disabled',
        taskSlotsPerNode: 1,
        taskSchedulingPolicy: { nodeFillType: 'Spread' },
        deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts', version: 'latest' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } },
        scaleSettings: { fixedScale: { targetDedicatedNodes: 2, targetLowPriorityNodes: 1, resizeTimeout: 'PT15M' } },
        startTask: { commandLine: 'true', userIdentity: { autoUser: { scope: 'Pool', elevationLevel: 'Admin' } }, maxTaskRetryCount: 0, waitForSuccess: true },
        resizeOperationStatus: { targetDedicatedNodes: 2, targetLowPriorityNodes: 1, nodeDeallocationOption: 'Requeue', resizeTimeout: 'PT15M', startTime: at },
        currentDedicatedNodes: 0,
        currentLowPriorityNodes: 0,
      },
    });
    expect(Object.keys(json.properties).slice(0, 12)).toEqual(['displayName', 'lastModified', 'creationTime', 'provisioningState', 'provisioningStateTransitionTime', 'allocationState', 'allocationStateTransitionTime', 'vmSize', 'interNodeCommunication', 'taskSlotsPerNode', 'taskSchedulingPolicy', 'deploymentConfiguration']);
  });

  test('is one and the same in both planes', async () => {
    await put('one', { scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } });
    expect((await it.ask({ url: '/pools/one' })).json).toMatchObject({ id: 'one', vmSize: 'standard_a1_v2', targetDedicatedNodes: 1, virtualMachineConfiguration: { nodeAgentSKUId: 'batch.node.ubuntu 22.04' } });
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'two', vmSize: 'standard_a1_v2', virtualMachineConfiguration: UBUNTU, enableInterNodeCommunication: true } });
    expect((await manage(it, 'GET', pool('two'))).json.properties).toMatchObject({ interNodeCommunication: 'Enabled', deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: UBUNTU.nodeAgentSKUId } } });
    expect((await manage(it, 'GET', `${ACCOUNT}/pools`)).json.value.map(({ name }: { name: string }) => name)).toEqual(['one', 'two']);
    await it.ask({ method: 'DELETE', url: '/pools/two' });
    expect((await manage(it, 'GET', pool('two'))).json.properties.provisioningState).toBe('Deleting');
  });

  test('as it is published comes back the same, with its identity in both planes', async () => {
    const { status, json } = await manage(it, 'PUT', pool('published'), publishedPool);
    expect(status).toBe(200);
    const { vmSize, ...properties } = publishedPool.properties;
    expect(json.properties).toMatchObject(properties);
    expect(json.properties.vmSize.toLowerCase()).toBe(vmSize.toLowerCase());
    expect(json.properties.startTask.commandLine).toBe(publishedPool.properties.startTask.commandLine);
    expect(json.properties.scaleSettings.autoScale.formula).toBe(publishedPool.properties.scaleSettings.autoScale.formula);
    expect(json.identity).toEqual(publishedPool.identity);
    const [resourceId] = Object.keys(publishedPool.identity.userAssignedIdentities);
    expect((await it.ask({ url: '/pools/published' })).json.identity).toEqual({ type: 'UserAssigned', userAssignedIdentities: [{ resourceId }] });
    expect((await it.ask({ url: '/pools/published?api-version=2020-09-01.12.0' })).json).not.toHaveProperty('identity');
    // What was answered may be sent back: it is the same pool, and no modification.
    const again = await manage(it, 'PUT', pool('published'), { ...json, properties: json.properties });
    expect([again.status, again.json.etag]).toEqual([200, json.etag]);
  });

  test('is replaced by PUT, and not where If-None-Match or If-Match forbid it', async () => {
    const first = await put('one', { metadata: [{ name: 'a', value: 'b' }] });
    expect(await put('one', {}, { 'if-none-match': '*' })).toMatchObject({ status: 412, json: { error: { code: 'ConditionNotMet' } } });
    expect((await put('two', {}, { 'if-match': '*' })).status).toBe(412);
    it.now.value += 1_000;
    const second = await put('one', { metadata: [{ name: 'c', value: 'd' }] }, { 'if-match': first.headers['etag'] ?? '' });
    expect([second.status, second.json.properties.metadata]).toEqual([200, [{ name: 'c', value: 'd' }]]);
    expect((await put('one', {}, { 'if-match': first.headers['etag'] ?? '' })).status).toBe(412);
    expect((await put('one', {})).json.properties).not.toHaveProperty('metadata');
  });

  test('that has nodes keeps what nodes are made of', async () => {
    await put('one', { scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } });
    await settle();
    expect(await put('one', { vmSize: 'Standard_A2_v2', scaleSettings: { fixedScale: { targetDedicatedNodes: 2 } } })).toMatchObject({ status: 409, json: { error: { code: 'OperationInvalidForCurrentState' } } });
    expect((await it.ask({ url: '/pools/one' })).json.vmSize).toBe('standard_a1_v2');
  });

  test('is scaled by PATCH, to a number or by a formula, and all else stays', async () => {
    await put('one', { metadata: [{ name: 'a', value: 'b' }], userAccounts: [{ name: 'u', password: 'p4ssw0rd' }] });
    await settle();
    it.now.value += 1_000;
    const resized = await manage(it, 'PATCH', pool('one'), { properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 3, nodeDeallocationOption: 'TaskCompletion' } } } });
    expect(resized.json.properties).toMatchObject({ allocationState: 'Resizing', metadata: [{ name: 'a', value: 'b' }], userAccounts: [{ name: 'u' }], resizeOperationStatus: { targetDedicatedNodes: 3, nodeDeallocationOption: 'TaskCompletion' } });
    await settle();
    it.now.value += 1_000;
    const scaled = await manage(it, 'PATCH', pool('one'), { properties: { scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes=1' } } } });
    expect(scaled.json.properties.scaleSettings).toEqual({ autoScale: { formula: '$TargetDedicatedNodes=1', evaluationInterval: 'PT15M' } });
    const fixed = await manage(it, 'POST', `${pool('one')}/disableAutoScale`);
    expect(fixed.json.properties.scaleSettings.fixedScale).toMatchObject({ targetDedicatedNodes: 3 });
  });

  test('is deleted: 202, and its poll says when it is gone', async () => {
    await put('one', {});
    const gone = await manage(it, 'DELETE', pool('one'));
    expect(gone.headers['location']).toBe(`http://127.0.0.1:10800${ACCOUNT}/poolOperationResults/delete-one?api-version=2025-06-01`);
    expect((await polledOnce(it, gone)).status).toBe(202);
    expect((await manage(it, 'DELETE', pool('one'))).status).toBe(202);
    await it.pool.query('delete from pool');
    expect(await polledOnce(it, gone)).toMatchObject({ status: 200, text: '' });
    expect((await manage(it, 'DELETE', pool('one'))).status).toBe(204);
  });

  test('is made once by those who ask at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => put('one', {}, { 'if-none-match': '*' })));
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412, 412]);
  });

  test('has the names of an older version for its client', async () => {
    await put('one', { taskSlotsPerNode: 2, upgradePolicy: { mode: 'manual' } });
    const { json } = await manage(it, 'GET', pool('one'), undefined, {}, '2020-05-01');
    expect(json.properties).toMatchObject({ maxTasksPerNode: 2 });
    expect(json.properties).not.toHaveProperty('taskSlotsPerNode');
    expect(json.properties).not.toHaveProperty('targetNodeCommunicationMode');
    expect(json.properties).not.toHaveProperty('upgradePolicy');
  });

  test('is listed by filter, selection and page', async () => {
    await put('one', {});
    await put('two', { vmSize: 'Standard_A2_v2' });
    const names = async (query: string): Promise<unknown> => (await manage(it, 'GET', `${ACCOUNT}/pools?${query}`)).json.value?.map(({ name }: { name: string }) => name);
    expect(await names(`$filter=properties/vmSize eq 'STANDARD_A2_V2'`.replaceAll(' ', '%20'))).toEqual(['two']);
    expect(await names(`$filter=startswith(name,'o')`)).toEqual(['one']);
    expect((await manage(it, 'GET', `${ACCOUNT}/pools?$select=properties/vmSize&maxresults=1`)).json).toMatchObject({ value: [{ name: 'one', properties: { vmSize: 'STANDARD_A1_V2' } }], nextLink: expect.stringContaining('skiptoken') });
    expect(await manage(it, 'GET', `${ACCOUNT}/pools?$filter=properties/colour%20eq%20'x'`)).toMatchObject({ status: 400, json: { error: { code: 'InvalidQueryParameterValue' } } });
  });

  test.each([
    [{ properties: { vmSize: 5 } }, 400, 'InvalidRequestBody'],
    [{ properties: {} }, 400, 'MissingRequiredProperty'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, more: 1 } }, 400, 'InvalidRequestBody'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, scaleSettings: { fixedScale: { targetDedicatedNodes: -1 } } } }, 400, 'InvalidPropertyValue'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes=' } } } }, 400, 'AutoScalingFormulaSyntaxError'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes=1', evaluationInterval: 'PT1M' } } } }, 400, 'InvalidPropertyValue'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, interNodeCommunication: 'Perhaps' } }, 400, 'InvalidPropertyValue'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, taskSlotsPerNode: 300 } }, 400, 'InvalidPropertyValue'],
    [{ properties: { vmSize: 'Standard_A1_v2', ...MACHINE, applicationPackages: [{ id: `${ACCOUNT}/applications/none` }] } }, 409, 'InvalidApplicationPackageReferences'],
    [{ identity: { type: 'UserAssigned' }, properties: { vmSize: 'Standard_A1_v2', ...MACHINE } }, 400, 'MissingRequiredProperty'],
    [{ identity: { type: 'SystemAssigned' }, properties: { vmSize: 'Standard_A1_v2', ...MACHINE } }, 400, 'InvalidPropertyValue'],
  ])('%j: %i %s, and no pool', async (body, status, code) => {
    expect(await manage(it, 'PUT', pool('bad'), body)).toMatchObject({ status, json: { error: { code } } });
    expect((await manage(it, 'GET', pool('bad'))).status).toBe(404);
  });

  test('is refused beyond the quota of the account, and found in no account that is not there', async () => {
    await it.pool.query(`update account set quotas = '{"pools": 1}'`);
    await put('one', {});
    expect(await put('two', {})).toMatchObject({ status: 409, json: { error: { code: 'PoolQuotaReached' } } });
    await it.pool.query('update account set quotas = null');
    expect(await manage(it, 'GET', pool('one').replace('mybatchaccount', 'other'))).toMatchObject({ status: 404, json: { error: { code: 'ResourceNotFound' } } });
  });
});

/** As if the owner had done all that it was asked for. */
function settle(): Promise<void> {
  return statuses(it.pool).pool('one', {});
}
