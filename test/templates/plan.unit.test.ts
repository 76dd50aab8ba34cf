import { describe, expect, it } from 'vitest';
import { bodiesOf, GROUP, NO_ANSWERS, orderOf, planned, shortId, SUBSCRIPTION, template } from './support.ts';

/** As the public quickstart `batchaccount-with-storage` has it. */
const QUICKSTART = template({
  parameters: {
    batchAccountName: { type: 'string', defaultValue: "[concat(toLower(uniqueString(resourceGroup().id)), 'batch')]", metadata: { description: 'Batch Account Name' } },
    storageAccountsku: { type: 'string', defaultValue: 'Standard_LRS', allowedValues: ['Standard_LRS', 'Standard_GRS', 'Standard_ZRS', 'Premium_LRS'] },
    location: { type: 'string', defaultValue: '[resourceGroup().location]' },
  },
  variables: { storageAccountName: "[concat(uniqueString(resourceGroup().id), 'storage')]" },
  resources: [
    {
      type: 'Microsoft.Storage/storageAccounts',
      apiVersion: '2021-01-01',
      name: "[variables('storageAccountName')]",
      location: "[parameters('location')]",
      sku: { name: "[parameters('storageAccountsku')]" },
      kind: 'StorageV2',
      tags: { ObjectName: "[variables('storageAccountName')]" },
      properties: {},
    },
    {
      type: 'Microsoft.Batch/batchAccounts',
      apiVersion: '2021-01-01',
      name: "[parameters('batchAccountName')]",
      location: "[parameters('location')]",
      tags: { ObjectName: "[parameters('batchAccountName')]" },
      dependsOn: ["[concat('Microsoft.Storage/storageAccounts/', variables('storageAccountName'))]"],
      properties: { autoStorage: { storageAccountId: "[resourceId('Microsoft.Storage/storageAccounts', variables('storageAccountName'))]" } },
    },
  ],
  outputs: {
    storageAccountName: { type: 'string', value: "[variables('storageAccountName')]" },
    endpoint: { type: 'string', value: "[reference(parameters('batchAccountName')).accountEndpoint]" },
  },
});

describe('The plan of a template', () => {
  it('of the quickstart puts the storage account first and names it as the real service would', () => {
    const plan = planned(QUICKSTART, { batchAccountName: 'mybatch' });
    const [storage] = plan.resources;
    expect(storage?.name).toMatch(/^[a-z2-7]{13}storage$/);
    expect(orderOf(plan)).toEqual({ [shortId(String(storage?.id))]: [], 'Microsoft.Batch/batchAccounts/mybatch': [shortId(String(storage?.id))] });
    expect(bodiesOf(plan)['Microsoft.Batch/batchAccounts/mybatch']).toEqual({ location: 'westeurope', tags: { ObjectName: 'mybatch' }, properties: { autoStorage: { storageAccountId: storage?.id } } });
    expect(plan.parameters).toMatchObject({ batchAccountName: { type: 'String', value: 'mybatch' }, location: { type: 'String', value: 'westeurope' } });
  });

  it('knows outputs as far as no resource must be asked', () => {
    const { value, questions } = planned(QUICKSTART, { batchAccountName: 'mybatch' }).outputs(NO_ANSWERS);
    expect(value['endpoint']).toEqual({ type: 'String', value: "[reference(parameters('batchAccountName')).accountEndpoint]" });
    expect(questions).toEqual([{ kind: 'reference', id: `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatch`, apiVersion: '2021-01-01' }]);
  });

  it('takes pools and applications as nested resources or beside their account, with formulas to the letter', () => {
    const formula = '$TargetDedicatedNodes = min(4, $PendingTasks.GetSample(1));\r\n$NodeDeallocationOption = taskcompletion;';
    const plan = planned(template({
      resources: [
        {
          type: 'Microsoft.Batch/batchAccounts', apiVersion: '2024-02-01', name: 'acc', location: 'westeurope',
          resources: [{ type: 'applications', apiVersion: '2024-02-01', name: 'blender', dependsOn: ["[resourceId('Microsoft.Batch/batchAccounts', 'acc')]"], properties: { allowUpdates: true } }],
        },
        {
          type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-02-01', name: "[format('{0}/{1}', 'acc', 'pool')]", dependsOn: ['acc'],
          properties: { vmSize: 'STANDARD_D2a_V4', scaleSettings: { autoScale: { formula, evaluationInterval: 'PT5M' } }, startTask: { commandLine: '[[ -d /mnt ]]' } },
        },
      ],
    }));
    expect(orderOf(plan)).toEqual({
      'Microsoft.Batch/batchAccounts/acc': [],
      'Microsoft.Batch/batchAccounts/acc/applications/blender': ['Microsoft.Batch/batchAccounts/acc'],
      'Microsoft.Batch/batchAccounts/acc/pools/pool': ['Microsoft.Batch/batchAccounts/acc'],
    });
    const pool = bodiesOf(plan)['Microsoft.Batch/batchAccounts/acc/pools/pool'];
    expect(pool).toMatchObject({ properties: { scaleSettings: { autoScale: { formula } }, startTask: { commandLine: '[ -d /mnt ]]' } } });
  });

  it('gives role assignments the scope of what they are for, and a name by guid()', () => {
    const role = "[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ba92f5b4-2d11-453d-a403-e96b0029c9fe')]";
    const assignment = { type: 'Microsoft.Authorization/roleAssignments', apiVersion: '2022-04-01', name: "[guid('a', 'b', 'c')]", properties: { roleDefinitionId: role, principalId: "[reference('id').principalId]" } };
    const plan = planned(template({
      resources: [
        { type: 'Microsoft.ManagedIdentity/userAssignedIdentities', apiVersion: '2023-01-31', name: 'id', location: 'westeurope' },
        { type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01', name: 'st', location: 'westeurope' },
        { ...assignment, scope: "[format('Microsoft.Storage/storageAccounts/{0}', 'st')]", dependsOn: ['st'] },
        { ...assignment, type: 'Microsoft.Storage/storageAccounts/providers/roleAssignments', name: "[concat('st', '/Microsoft.Authorization/', guid('old'))]" },
        assignment,
      ],
    }));
    const guid = 'a98fa280-e03f-5afa-8d8e-92d0a9c201e8';
    const identity = 'Microsoft.ManagedIdentity/userAssignedIdentities/id';
    expect(orderOf(plan)).toMatchObject({
      [`Microsoft.Storage/storageAccounts/st/providers/Microsoft.Authorization/roleAssignments/${guid}`]: ['Microsoft.Storage/storageAccounts/st', identity],
      [`Microsoft.Authorization/roleAssignments/${guid}`]: [identity],
    });
    expect(Object.keys(orderOf(plan))[3]).toMatch(/^Microsoft\.Storage\/storageAccounts\/st\/providers\/Microsoft\.Authorization\/roleAssignments\/[0-9a-f-]{36}$/);
    expect(bodiesOf(plan)[`Microsoft.Authorization/roleAssignments/${guid}`]).toEqual({
      properties: { roleDefinitionId: `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/ba92f5b4-2d11-453d-a403-e96b0029c9fe`, principalId: "[reference('id').principalId]" },
    });
  });

  it('evaluates expressions in names of members, as identities have them', () => {
    const plan = planned(template({
      resources: [{
        type: 'Microsoft.Batch/batchAccounts', apiVersion: '2024-02-01', name: 'acc', location: 'westeurope',
        identity: { type: 'UserAssigned', userAssignedIdentities: { "[format('{0}', resourceId('Microsoft.ManagedIdentity/userAssignedIdentities', 'id'))]": {} } },
      }],
    }));
    expect(bodiesOf(plan)).toEqual({ 'Microsoft.Batch/batchAccounts/acc': { location: 'westeurope', identity: { type: 'UserAssigned', userAssignedIdentities: { [`${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id`]: {} } } } });
  });

  it('makes what a copy loop says, in batches that wait for each other', () => {
    const pool = (mode: object): ReturnType<typeof template> => template({
      parameters: { sizes: { type: 'array', defaultValue: [1, 2, 3] } },
      resources: [
        {
          type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-02-01', name: "[format('acc/pool{0}', copyIndex(1))]",
          copy: { name: 'pools', count: "[length(parameters('sizes'))]", ...mode },
          properties: { targetDedicatedNodes: "[parameters('sizes')[copyIndex('pools')]]" },
        },
        { type: 'Microsoft.Batch/batchAccounts/applications', apiVersion: '2024-02-01', name: 'acc/after', dependsOn: ['pools'] },
      ],
    });
    const below = 'Microsoft.Batch/batchAccounts/acc';
    expect(orderOf(planned(pool({})))).toEqual({ [`${below}/pools/pool1`]: [], [`${below}/pools/pool2`]: [], [`${below}/pools/pool3`]: [], [`${below}/applications/after`]: [`${below}/pools/pool1`, `${below}/pools/pool2`, `${below}/pools/pool3`] });
    expect(orderOf(planned(pool({ mode: 'serial', batchSize: 2 })))).toMatchObject({ [`${below}/pools/pool2`]: [], [`${below}/pools/pool3`]: [`${below}/pools/pool1`, `${below}/pools/pool2`] });
    expect(bodiesOf(planned(pool({})))[`${below}/pools/pool3`]).toEqual({ properties: { targetDedicatedNodes: 3 } });
  });

  it('makes arrays by loops in variables, properties and outputs', () => {
    const plan = planned(template({
      variables: { copy: [{ name: 'names', count: 3, input: "[concat('n', copyIndex('names', 1))]" }], nested: { copy: [{ name: 'inner', count: 2, input: { index: "[copyIndex('inner')]" } }] } },
      resources: [{
        type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-02-01', name: 'acc/pool',
        properties: { copy: [{ name: 'metadata', count: "[length(variables('names'))]", input: { name: "[variables('names')[copyIndex('metadata')]]", value: 'x' } }] },
      }],
      outputs: { all: { type: 'array', copy: { count: 2, input: "[variables('nested').inner[copyIndex()].index]" } }, none: { type: 'string', condition: false, value: "[parameters('none')]" } },
    }));
    expect(bodiesOf(plan)).toEqual({ 'Microsoft.Batch/batchAccounts/acc/pools/pool': { properties: { metadata: [{ name: 'n1', value: 'x' }, { name: 'n2', value: 'x' }, { name: 'n3', value: 'x' }] } } });
    expect(plan.outputs(NO_ANSWERS).value).toEqual({ all: { type: 'Array', value: [0, 1] } });
  });

  it('leaves out what has a condition that does not hold, and waits for nothing of it', () => {
    const plan = planned(template({
      parameters: { withStorage: { type: 'bool' } },
      resources: [
        { type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01', name: 'st', condition: "[parameters('withStorage')]", properties: { x: "[parameters('none')]" } },
        { type: 'Microsoft.Batch/batchAccounts', apiVersion: '2024-02-01', name: 'acc', dependsOn: ['st'] },
      ],
    }), { withStorage: false });
    expect(orderOf(plan)).toEqual({ 'Microsoft.Batch/batchAccounts/acc': [] });
  });

  it('of Bicep in language version 2.0 finds resources by their symbols, and only reads those that exist', () => {
    const plan = planned(template({
      languageVersion: '2.0',
      metadata: { _generator: { name: 'bicep', version: '0.30.23.60470', templateHash: '1' } },
      definitions: { size: { type: 'string', allowedValues: ['small', 'large'] } },
      parameters: { size: { $ref: '#/definitions/size', defaultValue: 'small' }, note: { type: 'string', nullable: true } },
      resources: {
        storage: { existing: true, type: 'Microsoft.Storage/storageAccounts', apiVersion: '2023-05-01', name: 'st' },
        account: { type: 'Microsoft.Batch/batchAccounts', apiVersion: '2024-02-01', name: 'acc', tags: { note: "[coalesce(parameters('note'), 'none')]" }, properties: { autoStorage: { storageAccountId: "[reference('storage', '2023-05-01', 'full').resourceId]" } } },
        pools: { copy: { name: 'pools', count: 2 }, type: 'Microsoft.Batch/batchAccounts/pools', apiVersion: '2024-02-01', name: "[format('acc/p{0}', copyIndex())]", dependsOn: ['account'] },
        last: { type: 'Microsoft.Batch/batchAccounts/applications', apiVersion: '2024-02-01', name: 'acc/app', dependsOn: ["[format('pools[{0}]', 1)]"] },
      },
    }));
    const account = 'Microsoft.Batch/batchAccounts/acc';
    expect(orderOf(plan)).toEqual({ [account]: [], [`${account}/pools/p0`]: [account], [`${account}/pools/p1`]: [account], [`${account}/applications/app`]: [`${account}/pools/p1`] });
    expect(bodiesOf(plan)[account]).toMatchObject({ tags: { note: 'none' } });
  });

  it('waits for what expressions ask, in both branches of an `if` that is not decided yet', () => {
    const asks = "[if(equals(reference('a').kind, 'x'), listKeys('b', '2022-09-01').keys[0].value, reference(resourceId('Microsoft.Storage/storageAccounts', 'c')).y)]";
    const storage = (name: string, more = {}): object => ({ type: 'Microsoft.Storage/storageAccounts', apiVersion: '2022-09-01', name, ...more });
    const plan = planned(template({ resources: [storage('d', { properties: { asks } }), storage('a'), storage('b'), storage('c')] as never }));
    expect(orderOf(plan)['Microsoft.Storage/storageAccounts/d']).toEqual(['a', 'b', 'c'].map((name) => `Microsoft.Storage/storageAccounts/${name}`));
  });

  it('leaves the expressions of a nested template to it where their scope is inner', () => {
    const nested = { ...template({ parameters: { p: { type: 'string' } }, outputs: { o: { type: 'string', value: "[parameters('p')]" } } }) };
    const deployment = (name: string, options: object): object => ({
      type: 'Microsoft.Resources/deployments', apiVersion: '2022-09-01', name,
      properties: { mode: 'Incremental', ...options, parameters: { p: { value: "[concat('a', 'b')]" } }, template: nested },
    });
    const plan = planned(template({
      parameters: { p: { type: 'string' } },
      resources: [deployment('inner', { expressionEvaluationOptions: { scope: 'inner' } }), deployment('outer', {})] as never,
    }), { p: 'of the outer' });
    const bodies = bodiesOf(plan);
    expect(bodies['Microsoft.Resources/deployments/inner']).toMatchObject({ properties: { parameters: { p: { value: 'ab' } }, template: { outputs: { o: { value: "[parameters('p')]" } } } } });
    expect(bodies['Microsoft.Resources/deployments/outer']).toMatchObject({ properties: { template: { outputs: { o: { value: 'of the outer' } } } } });
  });

  it('at a subscription makes groups, and has none of its own', () => {
    const plan = planned(template({ resources: [{ type: 'Microsoft.Resources/resourceGroups', apiVersion: '2022-09-01', name: 'rg', location: 'westeurope' }] }), {}, { atSubscription: true });
    expect(plan.resources[0]?.id).toBe(`/subscriptions/${SUBSCRIPTION}/resourceGroups/rg`);
  });

  it('shows no value of a secret', () => {
    const { parameters } = planned(template({ parameters: { key: { type: 'secureString' }, more: { type: 'SecureObject', defaultValue: { a: 1 } } } }), { key: 'hunter2' });
    expect(parameters).toEqual({ key: { type: 'SecureString' }, more: { type: 'SecureObject' } });
  });
});
