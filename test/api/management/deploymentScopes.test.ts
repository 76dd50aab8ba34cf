import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createAssignedRoles } from '../../../src/api/identity/assignedRoles.ts';
import { TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';
import { account, ACCOUNT, content, deploying, DEPLOYMENTS, GROUP, template } from './deploying.ts';
import { SUBSCRIPTION } from './support.ts';

let held: Promise<void> | null = null;
let it: TestApi;
beforeAll(async () => {
  it = await testApi({ management: { host: { open: async () => held ?? undefined, close: () => Promise.resolve() } } });
});
afterEach(async () => {
  held = null;
  await it.clear();
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
});
afterAll(() => it.close());

const { ask, deploy, ended, group } = deploying(() => it);
const SUBSCRIPTION_DEPLOYMENTS = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Resources/deployments`;

describe.each([
  ['a group', DEPLOYMENTS, `${GROUP}/deployments`, {}],
  ['the subscription', SUBSCRIPTION_DEPLOYMENTS, SUBSCRIPTION_DEPLOYMENTS, { location: 'westeurope' }],
])('to %s', (_to, deployments, ofOperations, where) => {
  const main = `${deployments}/main`;
  const source = template({ resources: [{ type: 'Microsoft.Resources/deployments', apiVersion: '2022-09-01', name: 'in', resourceGroup: 'g', properties: { mode: 'Incremental', expressionEvaluationOptions: { scope: 'Inner' }, template: template({ resources: [account('labone')] }) } }] });
  const body = { ...where, ...content(source) };

  test('a deployment is validated, foretold, made, looked at in every way, and forgotten', async () => {
    await group();
    expect(await ask('HEAD', main)).toMatchObject({ status: 404 });
    expect(await ask('POST', `${main}/validate`, body)).toMatchObject({ status: 200, json: { id: main, properties: { provisioningState: 'Succeeded' } } });
    const foretold = await ask('POST', `${main}/whatIf`, body);
    expect(foretold.status).toBe(202);
    expect(new URL(foretold.headers['location'] ?? '').pathname).toMatch(new RegExp(`^${main}/operationResults/`));
    expect((await ask('GET', new URL(foretold.headers['location'] ?? '').pathname)).json).toMatchObject({ status: 'Succeeded', properties: { changes: expect.any(Array) } });
    expect((await ask('GET', main)).json.error.code).toBe('DeploymentNotFound');
    const { status, headers, json } = await ask('PUT', main, body);
    expect([status, json.id, json.properties.provisioningState]).toEqual([201, main, 'Running']);
    expect(new URL(headers['azure-asyncoperation'] ?? '').pathname).toMatch(new RegExp(`^${main}/operationStatuses/`));
    expect((await ended(headers)).json).toEqual({ status: 'Succeeded' });
    const made = (await ask('GET', main)).json;
    expect(made).toMatchObject({ id: main, name: 'main', ...where, properties: { provisioningState: 'Succeeded' } });
    expect((await ask('GET', deployments)).json.value).toContainEqual(made);
    expect((await ask('GET', `${deployments}?$filter=${encodeURIComponent("provisioningState eq 'Failed'")}`)).json.value).toEqual([]);
    expect((await ask('HEAD', main)).status).toBe(204);
    expect((await ask('POST', `${main}/exportTemplate`)).json).toEqual({ template: source });
    const { value: operations } = (await ask('GET', `${ofOperations}/main/operations`)).json;
    expect(operations).toMatchObject([{ properties: { provisioningOperation: 'Create', provisioningState: 'Succeeded', targetResource: { resourceName: 'in' } } }]);
    expect((await ask('GET', `${ofOperations}/main/operations/${operations[0].operationId}`)).json).toEqual(operations[0]);
    expect(await ask('GET', `${ofOperations}/main/operations/none`)).toMatchObject({ status: 404, json: { error: { code: 'DeploymentOperationNotFound' } } });
    expect(await ask('POST', `${main}/cancel`)).toMatchObject({ status: 409, json: { error: { code: 'DeploymentCannotBeCancelled' } } });
    expect((await ask('DELETE', main)).status).toBe(204);
    expect((await ask('HEAD', main)).status).toBe(404);
  });

  test('one that runs is cancelled', async () => {
    await group();
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    const { headers } = await ask('PUT', main, body);
    expect((await ask('POST', `${main}/cancel`)).status).toBe(204);
    release();
    expect((await ended(headers)).json).toEqual({ status: 'Canceled' });
  });
});

describe('a deployment of everything there is', () => {
  test('makes an account with pools, applications, an identity and its role, in copies and on conditions', async () => {
    await group();
    const image = { imageReference: UBUNTU.imageReference, nodeAgentSkuId: UBUNTU.nodeAgentSKUId };
    const identity = "resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'worker')";
    const { json } = await deploy(
      'main',
      template({
        parameters: { pools: { type: 'int' }, withTool: { type: 'bool' } },
        resources: [
          { type: 'Microsoft.ManagedIdentity/userAssignedIdentities', apiVersion: '2023-01-31', name: 'worker', location: '[resourceGroup().location]' },
          account('labone'),
          {
            type: 'Microsoft.Authorization/roleAssignments', apiVersion: '2022-04-01', name: "[guid(resourceGroup().id, 'worker')]",
            scope: 'Microsoft.Batch/batchAccounts/labone', dependsOn: ['labone', 'worker'],
            properties: { roleDefinitionId: `[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '${ROLES.batchJobSubmitter.id}')]`, principalId: `[reference(${identity}).principalId]`, principalType: 'ServicePrincipal' },
          },
          { type: `${ACCOUNT}/applications`, apiVersion: '2024-02-01', name: 'labone/tool', condition: "[parameters('withTool')]", dependsOn: ['labone'], properties: { displayName: 'Tool' } },
          { type: `${ACCOUNT}/applications`, apiVersion: '2024-02-01', name: 'labone/other', condition: "[not(parameters('withTool'))]", dependsOn: ['labone'] },
          {
            type: `${ACCOUNT}/pools`, apiVersion: '2024-02-01', name: "[format('labone/pool{0}', copyIndex(1))]", copy: { name: 'pools', count: "[parameters('pools')]" }, dependsOn: ['labone', 'worker'],
            identity: { type: 'UserAssigned', userAssignedIdentities: { [`[${identity}]`]: {} } },
            properties: { vmSize: 'STANDARD_D1_V2', deploymentConfiguration: { virtualMachineConfiguration: image }, scaleSettings: { fixedScale: { targetDedicatedNodes: '[copyIndex()]' } } },
          },
        ],
        outputs: { principal: { type: 'string', value: `[reference(${identity}).principalId]` } },
      }),
      { parameters: { pools: { value: 2 }, withTool: { value: true } } },
    );
    expect([json.properties.provisioningState, json.properties.error]).toEqual(['Succeeded', undefined]);
    const id = `${GROUP}/providers/${ACCOUNT}/labone`;
    const { value: pools } = (await ask('GET', `${id}/pools`)).json;
    expect(pools).toMatchObject([
      { name: 'pool1', identity: { type: 'UserAssigned' }, properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 0 } } } },
      { name: 'pool2', identity: { type: 'UserAssigned' }, properties: { scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } } },
    ]);
    const worker = (await ask('GET', `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/worker`)).json;
    expect(Object.keys(pools[0].identity.userAssignedIdentities)).toEqual([worker.id]);
    expect((await ask('GET', `${id}/applications`)).json.value).toMatchObject([{ name: 'tool', properties: { displayName: 'Tool' } }]);
    const principal = worker.properties.principalId;
    expect(json.properties.outputs).toEqual({ principal: { type: 'String', value: principal } });
    const { value: assigned } = (await ask('GET', `${id}/providers/Microsoft.Authorization/roleAssignments?$filter=${encodeURIComponent(`principalId eq '${principal}'`)}`)).json;
    expect(assigned).toMatchObject([{ properties: { scope: id, principalId: principal } }]);
    expect(await createAssignedRoles(it.pool).at({ objectId: principal, tenantId: TENANT_ID, kind: 'managedIdentity', name: 'worker' }, `${id}/pools/pool1`)).toEqual([ROLES.batchJobSubmitter]);
  });
});
