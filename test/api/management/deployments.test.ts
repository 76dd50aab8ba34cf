import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { testApi, type Got, type TestApi } from '../support.ts';
import { account, ACCOUNT, content, deploying, DEPLOYMENTS, GROUP, template } from './deploying.ts';
import { managementParts, SUBSCRIPTION } from './support.ts';

let refused: ReadonlySet<string> = new Set();
let held: Promise<void> | null = null;
/** Breaks off what is permitted the next time: as if the process ended there. */
let breaksOff: (path: string) => boolean = () => false;
let it: TestApi;
beforeAll(async () => {
  it = await testApi({
    management: {
      host: { open: async () => held ?? undefined, close: () => Promise.resolve() },
      authority: {
        ...managementParts().authority,
        permits: async (_identity, action, path) => {
          if (breaksOff(path)) throw new Error('broken off');
          return !refused.has(action);
        },
      },
    },
  });
});
afterEach(async () => {
  refused = new Set();
  held = null;
  breaksOff = () => false;
  await it.clear();
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
});
afterAll(() => it.close());

const { ask, deploy, ended, group } = deploying(() => it);

describe('a deployment to a group', () => {
  test('makes what its template has, in order, and answers outputs, what it made and who waited for whom', async () => {
    await group();
    const { json } = await deploy(
      'main',
      template({
        parameters: { prefix: { type: 'string' }, secret: { type: 'securestring' } },
        resources: [account("[concat(parameters('prefix'), 'two')]", { tags: { endpoint: "[reference(concat(parameters('prefix'), 'one')).provisioningState]" } }), account("[concat(parameters('prefix'), 'one')]", { tags: { team: '[resourceGroup().tags.team]' } })],
        outputs: { state: { type: 'string', value: "[reference(resourceId('Microsoft.Batch/batchAccounts', 'labtwo')).provisioningState]" }, key: { type: 'securestring', value: "[listKeys(resourceId('Microsoft.Batch/batchAccounts', 'labone'), '2024-02-01').primary]" } },
      }),
      { parameters: { prefix: { value: 'lab' }, secret: { value: 'hunter2hunter2' } } },
    );
    const id = (name: string) => `${GROUP}/providers/${ACCOUNT}/${name}`;
    expect(json).toMatchObject({
      id: `${DEPLOYMENTS}/main`,
      name: 'main',
      type: 'Microsoft.Resources/deployments',
      properties: {
        mode: 'Incremental',
        provisioningState: 'Succeeded',
        parameters: { prefix: { type: 'String', value: 'lab' }, secret: { type: 'SecureString' } },
        correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        templateHash: expect.stringMatching(/^\d+$/),
        duration: expect.stringMatching(/^PT/),
        providers: [{ namespace: 'Microsoft.Batch', resourceTypes: [{ resourceType: 'batchAccounts', locations: ['westeurope'] }] }],
        dependencies: [{ dependsOn: [{ id: id('labone'), resourceType: ACCOUNT, resourceName: 'labone' }], id: id('labtwo'), resourceType: ACCOUNT, resourceName: 'labtwo' }],
        outputs: { state: { type: 'String', value: 'Succeeded' }, key: { type: 'SecureString' } },
        outputResources: [{ id: id('labtwo') }, { id: id('labone') }],
      },
    });
    expect(JSON.stringify(json)).not.toContain('hunter2');
    expect((await ask('GET', id('labtwo'))).json.tags).toEqual({ endpoint: 'Succeeded' });
    expect((await ask('GET', id('labone'))).json.tags).toEqual({ team: 'lab' });

    const { json: operations } = await ask('GET', `${GROUP}/deployments/main/operations`);
    expect(operations.value.map(({ properties: { provisioningOperation, provisioningState, statusCode, targetResource } }: never) => [provisioningOperation, provisioningState, statusCode, (targetResource as { resourceName?: string } | undefined)?.resourceName]).toSorted()).toEqual([['Create', 'Succeeded', 'OK', 'labone'], ['Create', 'Succeeded', 'OK', 'labtwo'], ['EvaluateDeploymentOutput', 'Succeeded', 'OK', undefined]]);
    expect((await ask('GET', `${GROUP}/deployments/main/operations/${operations.value[0].operationId}`)).json).toEqual(operations.value[0]);
  });

  test('is listed, looked for, exported as it was sent, and deleted without what it made', async () => {
    await group();
    const source = template({ variables: { b: 1, a: '\u{0}' }, resources: [account('labone')] });
    await deploy('main', source);
    await deploy('second', template({}));
    expect((await ask('GET', DEPLOYMENTS)).json.value.map(({ name }: { name: string }) => name)).toEqual(['main', 'second']);
    expect((await ask('GET', `${DEPLOYMENTS}?$filter=provisioningState%20eq%20'Failed'`)).json.value).toEqual([]);
    expect((await ask('HEAD', `${DEPLOYMENTS}/MAIN`)).status).toBe(204);
    expect((await ask('POST', `${DEPLOYMENTS}/main/exportTemplate`)).text).toBe(JSON.stringify({ template: source }));
    expect((await ask('DELETE', `${DEPLOYMENTS}/main`)).status).toBe(204);
    expect((await ask('HEAD', `${DEPLOYMENTS}/main`)).status).toBe(404);
    expect((await ask('GET', `${DEPLOYMENTS}/main`)).json.error).toEqual({ code: 'DeploymentNotFound', message: "Deployment 'main' could not be found." });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labone`)).status).toBe(200);
    expect((await it.pool.query(`select id from resource where id like '%/main/%'`)).rows).toEqual([]);
  });

  test('made again under its name changes what is there', async () => {
    await group();
    await deploy('main', template({ resources: [account('labone', { tags: { a: 'b' } })] }));
    const { status, headers } = await ask('PUT', `${DEPLOYMENTS}/main`, content(template({ resources: [account('labone', { tags: { c: 'd' } })] })));
    expect(status).toBe(200);
    expect((await ended(headers)).json).toEqual({ status: 'Succeeded' });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labone`)).json.tags).toEqual({ c: 'd' });
  });

  test('that fails says where and why, as an operation does', async () => {
    await group();
    const { json } = await deploy('main', template({ resources: [account('mybatchaccount'), account('labtwo', { dependsOn: ['mybatchaccount'] })] }));
    const taken = { code: 'AccountAlreadyExists', message: "An account named 'mybatchaccount' is already in use." };
    expect(json.properties).toMatchObject({ provisioningState: 'Failed', error: { code: 'DeploymentFailed', details: [{ target: `${GROUP}/providers/${ACCOUNT}/mybatchaccount`, ...taken }] } });
    const { json: operations } = await ask('GET', `${GROUP}/deployments/main/operations`);
    expect(operations.value).toMatchObject([{ properties: { provisioningState: 'Failed', statusCode: 'Conflict', statusMessage: { status: 'Failed', error: taken } } }]);
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labtwo`)).status).toBe(404);
  });

  test('in mode Complete deletes what the template does not name', async () => {
    await group();
    await deploy('first', template({ resources: [account('labone'), account('labtwo')] }));
    const { json } = await deploy('main', template({ resources: [account('labtwo')] }), { mode: 'Complete' });
    expect(json.properties).toMatchObject({ provisioningState: 'Succeeded', mode: 'Complete' });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}`)).json.value.map(({ name }: { name: string }) => name)).toEqual(['labtwo']);
  });

  test('with another in it ends when that one has', async () => {
    await group();
    const nested = { type: 'Microsoft.Resources/deployments', apiVersion: '2022-09-01', name: 'nested', properties: { mode: 'Incremental', expressionEvaluationOptions: { scope: 'inner' }, parameters: { name: { value: 'labone' } }, template: template({ parameters: { name: { type: 'string' } }, resources: [account("[parameters('name')]")], outputs: { it: { type: 'string', value: "[parameters('name')]" } } }) } };
    const { json } = await deploy('main', template({ resources: [nested], outputs: { it: { type: 'string', value: "[reference('nested').outputs.it.value]" } } }));
    expect(json.properties).toMatchObject({ provisioningState: 'Succeeded', outputs: { it: { type: 'String', value: 'labone' } } });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labone`)).status).toBe(200);
  });

  test('takes no second one of its name while it runs, is not deleted, and can be cancelled', async () => {
    await group();
    let release = (): void => {};
    held = new Promise((resolve) => (release = resolve));
    const source = content(template({ resources: [account('labone'), account('labtwo', { dependsOn: ['labone'] })] }));
    const { headers } = await ask('PUT', `${DEPLOYMENTS}/main`, source);
    expect(await ask('PUT', `${DEPLOYMENTS}/main`, source)).toMatchObject({ status: 409, json: { error: { code: 'DeploymentActive' } } });
    expect(await ask('DELETE', `${DEPLOYMENTS}/main`)).toMatchObject({ status: 409, json: { error: { code: 'DeploymentActive' } } });
    expect((await ask('POST', `${DEPLOYMENTS}/main/cancel`)).status).toBe(204);
    release();
    expect((await ended(headers)).json).toEqual({ status: 'Canceled' });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labtwo`)).status).toBe(404);
    expect(await ask('POST', `${DEPLOYMENTS}/main/cancel`)).toMatchObject({ status: 409, json: { error: { code: 'DeploymentCannotBeCancelled' } } });
  });

  test('that was broken off is done by the next life of the service, with its secrets, and not twice', async () => {
    await interrupted();
    await it.api.resume({ number: 1, name: 'mybatchaccount', keys: [] });
    const { json } = await settled();
    expect(json.properties).toMatchObject({ provisioningState: 'Succeeded', outputResources: [{}, {}] });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labtwo`)).json.tags).toEqual({ s: 'kept until it ends' });
    const { rows } = await it.pool.query<{ secrets: string }>(`select secrets from resource where secrets is not null and id like '%/deployments/main/%'`);
    expect(rows).toHaveLength(1);
    expect((await ask('GET', `${GROUP}/deployments/main/operations`)).json.value).toHaveLength(2);
  });

  test('that was broken off and cancelled begins nothing more', async () => {
    await interrupted();
    expect((await ask('POST', `${DEPLOYMENTS}/main/cancel`)).status).toBe(204);
    await it.api.resume({ number: 1, name: 'mybatchaccount', keys: [] });
    expect((await settled()).json.properties.provisioningState).toBe('Canceled');
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labtwo`)).status).toBe(404);
  });
});

/** Begins a deployment of two accounts; the process ends, as it were, before it asks for the second. */
async function interrupted(): Promise<void> {
  await group();
  const source = template({ parameters: { s: { type: 'securestring' } }, resources: [account('labone'), account('labtwo', { dependsOn: ['labone'], tags: { s: "[parameters('s')]" } })] });
  const begun = content(source, { parameters: { s: { value: 'kept until it ends' } } });
  const isBroken = new Promise<void>((resolve) => {
    let asked = 0;
    breaksOff = (path) => {
      // The first time it is asked whether it may be made at all.
      if (!path.endsWith('/labtwo') || ++asked === 1) return false;
      resolve();
      return true;
    };
  });
  expect((await ask('PUT', `${DEPLOYMENTS}/main`, begun)).status).toBe(201);
  await isBroken;
  breaksOff = () => false;
  expect((await ask('GET', `${DEPLOYMENTS}/main`)).json.properties.provisioningState).toBe('Running');
}

async function settled(): Promise<Got> {
  for (;;) {
    const got = await ask('GET', `${DEPLOYMENTS}/main`);
    if (got.json.properties.provisioningState !== 'Running') return got;
  }
}

describe('a deployment to the subscription', () => {
  test('makes groups, and deploys to them', async () => {
    const path = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Resources/deployments/sub`;
    const source = template({
      $schema: 'https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#',
      resources: [
        { type: 'Microsoft.Resources/resourceGroups', apiVersion: '2021-04-01', name: 'g', location: 'westeurope' },
        { type: 'Microsoft.Resources/deployments', apiVersion: '2021-04-01', name: 'in', resourceGroup: 'g', dependsOn: ["[subscriptionResourceId('Microsoft.Resources/resourceGroups', 'g')]"], properties: { mode: 'Incremental', expressionEvaluationOptions: { scope: 'Inner' }, template: template({ resources: [account('labone')] }) } },
      ],
    });
    expect(await ask('PUT', path, content(source))).toMatchObject({ status: 400, json: { error: { code: 'LocationRequired' } } });
    const { status, headers, json } = await ask('PUT', path, { location: 'West Europe', ...content(source) });
    expect([status, json]).toMatchObject([201, { location: 'westeurope' }]);
    expect((await ended(headers)).json).toEqual({ status: 'Succeeded' });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labone`)).status).toBe(200);
  });
});

describe('before a deployment', () => {
  test('validate says what it would be, and makes nothing', async () => {
    await group();
    const got = await ask('POST', `${DEPLOYMENTS}/main/validate`, content(template({ resources: [account('labone')] })));
    expect(got).toMatchObject({ status: 200, json: { name: 'main', properties: { provisioningState: 'Succeeded', validatedResources: [{ id: `${GROUP}/providers/${ACCOUNT}/labone` }] } } });
    expect((await ask('GET', DEPLOYMENTS)).json.value).toEqual([]);
  });

  test('whatIf says what it would change, without what is secret', async () => {
    await group();
    await deploy('first', template({ resources: [account('labone', { tags: { a: 'old' } }), account('other')] }));
    const asked = content(template({ parameters: { s: { type: 'securestring' } }, resources: [account('labone', { tags: { a: "[concat('new ', parameters('s'))]" } }), account('labtwo')] }), { parameters: { s: { value: 'hunter2hunter2' } } });
    const { status, headers } = await ask('POST', `${DEPLOYMENTS}/main/whatIf`, asked);
    expect(status).toBe(202);
    const { pathname, search } = new URL(headers['location'] ?? '');
    const { json } = await it.askPlainly({ method: 'GET', url: `${pathname}${search}`, headers: { host: '127.0.0.1:10800', authorization: 'Bearer operator' } });
    expect(json).toMatchObject({
      status: 'Succeeded',
      properties: {
        changes: [
          { resourceId: `${GROUP}/providers/${ACCOUNT}/labone`, changeType: 'Modify', delta: [{ path: 'tags.a', propertyChangeType: 'Modify', before: 'old', after: 'new *******' }] },
          { resourceId: `${GROUP}/providers/${ACCOUNT}/labtwo`, changeType: 'Create', after: { name: 'labtwo', location: 'westeurope' } },
          { resourceId: `${GROUP}/providers/${ACCOUNT}/other`, changeType: 'Ignore' },
        ],
      },
    });
    expect((await ask('GET', `${GROUP}/providers/${ACCOUNT}/labtwo`)).status).toBe(404);
  });

  test('calculateTemplateHash gives the hash that the deployment has', async () => {
    await group();
    const source = template({ outputs: { a: { type: 'int', value: 1 } } });
    const { json } = await ask('POST', '/providers/Microsoft.Resources/calculateTemplateHash', source);
    expect(json.minifiedTemplate).toBe(JSON.stringify(source).toUpperCase());
    expect((await deploy('main', source)).json.properties.templateHash).toBe(json.templateHash);
  });
});

describe('a deployment is refused', () => {
  test.each<[string, unknown, number, string, string]>([
    ['no JSON', '{', 400, 'InvalidRequestContent', 'The body is not JSON'],
    ['no properties', {}, 400, 'InvalidRequestContent', "The property 'properties' is required"],
    ['an unknown property', content(template({}), { modus: 1 }), 400, 'InvalidRequestContent', "Could not find member 'modus' on object of type 'DeploymentProperties'. Path 'properties.modus', line 1, position "],
    ['a template by link', content(template({}), { templateLink: { uri: 'https://example.com/t.json' } }), 400, 'InvalidRequestContent', "The property 'properties.templateLink' is not served"],
    ['parameters by link', content(template({}), { parametersLink: { uri: 'https://example.com/p.json' } }), 400, 'InvalidRequestContent', "The property 'properties.parametersLink' is not served"],
    ['an unknown mode', content(template({}), { mode: 'Half' }), 400, 'InvalidRequestContent', `The value "Half" of 'properties.mode' is not one of 'Incremental, Complete'`],
    ['no template', { properties: { mode: 'Incremental' } }, 400, 'InvalidTemplate', 'The template is not an object'],
    ['a template that asks for an unknown parameter', content(template({ resources: [account("[parameters('none')]")] })), 400, 'InvalidTemplate', "The template parameter 'none' is not found"],
    ['a type that is not served', content(template({ resources: [{ type: 'Microsoft.Compute/virtualMachines', apiVersion: '2023-03-01', name: 'vm' }] })), 400, 'InvalidTemplateDeployment', "The template deployment 'main' is not valid"],
    ['more than 4 MB', content(template({ metadata: { long: 'x'.repeat(4 * 1024 * 1024) } })), 413, 'RequestContentTooLarge', 'The request content size exceeds the maximum size of 4 MB.'],
  ])('%s', async (_, body, status, code, message) => {
    await group();
    for (const path of [`${DEPLOYMENTS}/main`, `${DEPLOYMENTS}/main/validate`, `${DEPLOYMENTS}/main/whatIf`]) {
      const got = await ask(path.endsWith('main') ? 'PUT' : 'POST', path, body);
      expect([got.status, got.json.error.code]).toEqual([status, code]);
      expect(got.json.error.message).toContain(message);
    }
    expect((await ask('GET', DEPLOYMENTS)).json.value).toEqual([]);
  });

  test('with the place of the error in the request', async () => {
    await group();
    const text = JSON.stringify(content(template({ resources: [account("[none('x')]")] })), null, 2);
    const { json } = await ask('PUT', `${DEPLOYMENTS}/main`, text);
    const line = text.split('\n').findIndex((one) => one.includes('"resources"')) + 2;
    expect(json.error).toMatchObject({ code: 'InvalidTemplate', additionalInfo: [{ type: 'TemplateViolation', info: { lineNumber: line, linePosition: 9, path: 'properties.template.resources[0]' } }] });
    expect(json.error.message).toContain(`The template resource '[none('x')]' at line '${line}' and column '9' is not valid: The template function 'none' at position '0' is not valid`);
  });

  test('with comments, texts of several lines and the name that az gives no quotes, in the same place', async () => {
    await group();
    const [before, after] = JSON.stringify(content(template({ variables: { v: 'HERE', w: "[none('x')]" } }))).split('"HERE"');
    const { json: whole } = await ask('PUT', `${DEPLOYMENTS}/main`, `{"properties": {"mode": "Incremental", template:{ resources: 5 }}}`);
    expect(whole.error.message).toContain("Required property '$schema' not found in JSON. Path 'properties.template', line 1, position 49.");
    const { json } = await ask('PUT', `${DEPLOYMENTS}/main`, `${before}"[concat('a', // is no comment\n 'b')]" /* "one\n" */ // two\n${after}`);
    expect(json.error.message).toContain("the string character '/' at position '12' is not expected");
    const { json: second } = await ask('PUT', `${DEPLOYMENTS}/main`, `${before}"[concat('a',\n 'b')]" /* "one\n" */ // two\n${after}`);
    expect(second.error.message).toContain("The template variable 'w' at line '4' and column '18' is not valid: The template function 'none'");
  });

  test('where the one who asks may not make what it has, before anything is made', async () => {
    await group();
    refused = new Set(['Microsoft.Batch/batchAccounts/write']);
    const got = await ask('PUT', `${DEPLOYMENTS}/main`, content(template({ resources: [account('labone')] })));
    expect(got).toMatchObject({ status: 400, json: { error: { code: 'InvalidTemplateDeployment', details: [{ code: 'AuthorizationFailed', target: `${GROUP}/providers/${ACCOUNT}/labone` }] } } });
  });

  test('of a name that is none, in a group that is not there, and beyond 800 in a group', async () => {
    expect(await ask('PUT', `${DEPLOYMENTS}/main`, content(template({})))).toMatchObject({ status: 404, json: { error: { code: 'ResourceGroupNotFound' } } });
    await group();
    expect(await ask('PUT', `${DEPLOYMENTS}/${'x'.repeat(65)}`, content(template({})))).toMatchObject({ status: 400, json: { error: { code: 'InvalidResourceName' } } });
    await it.pool.query(`insert into resource (id, id_key, type, spec, state, created, modified) select $1 || n, lower($1 || n), 'microsoft.resources/deployments', '{}', 'Succeeded', 1, 1 from generate_series(1, 799) n`, [`${DEPLOYMENTS}/old`]);
    await deploy('last', template({}));
    expect(await ask('PUT', `${DEPLOYMENTS}/main`, content(template({})))).toMatchObject({ status: 409, json: { error: { code: 'DeploymentQuotaExceeded' } } });
    expect((await ask('PUT', `${DEPLOYMENTS}/last`, content(template({})))).status).toBe(200);
  });
});
