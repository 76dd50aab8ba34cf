import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { managementContract } from '../../../src/wire/management/contract.ts';
import { managementFatesOf, managementShapesWithin } from '../../../src/wire/management/fates.ts';
import { MANAGEMENT_ROWS, type ManagementOperationId, type ManagementRow } from '../../../src/wire/management/operations.ts';
import type { Shapes } from '../../../src/wire/management/types.generated.ts';
import { GROUP, manage } from '../../api/management/asking.ts';
import { statuses } from '../../api/statuses.ts';
import { testApi, type TestApi } from '../../api/support.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { AUTO_STORAGE, FULL_STORAGE, POOL, requestOf, rowOf, placedWithStorage, STORAGE_SPEC as STORAGE } from './scenario.ts';

/** Each property that an operation of Resource Manager can be sent is sent, and found in what the fates say of it. */

type Json = Readonly<Record<string, unknown>>;

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ storage: FULL_STORAGE });
});
beforeEach(async () => {
  await it.clear();
  await placedWithStorage(it);
});
afterAll(() => it.close());

const IDENTITIES = POOL.identity;
const ACCESS = { defaultAction: 'Allow', ipRules: [{ action: 'Allow', value: '10.0.0.0/8' }] };
const ACCOUNT_PROPERTIES = { autoStorage: AUTO_STORAGE, publicNetworkAccess: 'Enabled', networkProfile: { accountAccess: ACCESS, nodeManagementAccess: ACCESS }, encryption: { keySource: 'Microsoft.KeyVault', keyVaultProperties: { keyIdentifier: 'https://vault.example/keys/k/1' } }, allowedAuthenticationModes: ['AAD'] };
const { resourceTags: _tags, certificates: _certificates, ...NEWEST } = POOL.properties;
const OLD_POOL = { vmSize: 'STANDARD_A1_V2', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: POOL.properties.deploymentConfiguration.virtualMachineConfiguration.imageReference, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } } };
const SENT_BACK = { id: 'x', name: 'x', type: 'x', etag: 'x' };
const STORAGE_PROPERTIES = Object.fromEntries(managementContract.rowsOf('ArmStorageAccountProperties').map(([name, { type }]) => [name, type === 'boolean' ? true : type === 'map' ? { a: 'b' } : type === 'ArmAccessTier' ? 'Cool' : 'x']));

interface Case {
  readonly operation: ManagementOperationId;
  readonly params?: Readonly<Record<string, string>>;
  readonly body: Json;
  readonly version?: string;
  /** Made before, as it says. */
  readonly after?: readonly Omit<Case, 'after'>[];
  /** Its answer is another thing than what was sent. */
  readonly isAction?: true;
}

const POOL_MADE: Case = { operation: 'Pool_Create', body: { properties: OLD_POOL } };
const APPLICATION: Case = { operation: 'Application_Create', body: {} };
const PACKAGE: Case = { operation: 'ApplicationPackage_Create', body: {} };
const CERTIFICATE_MADE: Case = { operation: 'Certificate_Create', version: '2024-07-01', body: { ...SENT_BACK, properties: { thumbprintAlgorithm: 'sha1', thumbprint: CERTIFICATE.thumbprint, data: CERTIFICATE.pfx, format: 'Pfx', password: 'secret' } } };
const NEW_GROUP = { resourceGroupName: 'h' };

const CASES: readonly Case[] = [
  { operation: 'ResourceGroups_CreateOrUpdate', params: NEW_GROUP, body: { location: 'westeurope', tags: { a: 'b' }, managedBy: '/x', properties: { provisioningState: 'x' } } },
  { operation: 'ResourceGroups_Update', body: { name: 'x', tags: { a: 'b' }, managedBy: '/x', properties: { provisioningState: 'x' } } },
  { operation: 'StorageAccounts_CheckNameAvailability', isAction: true, body: { name: 'free', type: 'Microsoft.Storage/storageAccounts' } },
  { operation: 'StorageAccounts_Create', params: { accountName: 'another' }, body: { ...STORAGE, sku: { name: 'Standard_LRS', tier: 'Standard' }, tags: { a: 'b' }, identity: { type: 'None' }, extendedLocation: { name: 'x' }, properties: STORAGE_PROPERTIES } },
  { operation: 'StorageAccounts_Update', params: { accountName: 's' }, body: { sku: { name: 'Standard_GRS' }, kind: 'StorageV2', tags: { a: 'b' }, identity: { type: 'None' }, properties: STORAGE_PROPERTIES } },
  { operation: 'StorageAccounts_RegenerateKey', params: { accountName: 'third' }, isAction: true, body: { keyName: 'key1' }, after: [{ operation: 'StorageAccounts_Create', params: { accountName: 'third' }, body: STORAGE }] },
  { operation: 'UserAssignedIdentities_CreateOrUpdate', body: { location: 'westeurope', tags: { a: 'b' } } },
  { operation: 'UserAssignedIdentities_Update', body: { location: 'eastus', tags: { a: 'c' } }, after: [{ operation: 'UserAssignedIdentities_CreateOrUpdate', body: { location: 'westeurope' } }] },
  { operation: 'BatchAccount_Create', body: { location: 'westeurope', tags: { a: 'b' }, identity: { ...IDENTITIES, principalId: 'x', tenantId: 'x' }, properties: { ...ACCOUNT_PROPERTIES, poolAllocationMode: 'BatchService', keyVaultReference: { id: `${GROUP}/providers/Microsoft.KeyVault/vaults/v`, url: 'https://v.vault.example/' } } } },
  { operation: 'BatchAccount_Update', body: { tags: { a: 'b' }, identity: { ...IDENTITIES, principalId: 'x', tenantId: 'x' }, properties: ACCOUNT_PROPERTIES } },
  { operation: 'BatchAccount_RegenerateKey', params: { accountName: 'second' }, isAction: true, body: { keyName: 'Primary' }, after: [{ operation: 'BatchAccount_Create', params: { accountName: 'second' }, body: { location: 'westeurope' } }] },
  { operation: 'Location_CheckNameAvailability', isAction: true, body: { name: 'free', type: 'Microsoft.Batch/batchAccounts' } },
  { operation: 'Pool_Create', body: { ...SENT_BACK, ...POOL, properties: { ...NEWEST, lastModified: 'x', creationTime: 'x', provisioningState: 'x', provisioningStateTransitionTime: 'x', allocationState: 'x', allocationStateTransitionTime: 'x', currentNodeCommunicationMode: 'Classic', resizeOperationStatus: { x: 1 }, currentDedicatedNodes: 9, currentLowPriorityNodes: 9, autoScaleRun: { x: 1 } } }, after: [APPLICATION, PACKAGE, { operation: 'ApplicationPackage_Activate', body: { format: 'zip' } }] },
  { operation: 'Pool_Create', version: '2024-02-01', body: { properties: { ...OLD_POOL, resourceTags: { a: 'b' }, applicationLicenses: ['maya'], certificates: POOL.properties.certificates } }, after: [CERTIFICATE_MADE] },
  { operation: 'Pool_Create', version: '2024-02-01', body: { properties: { vmSize: 'Small', deploymentConfiguration: { cloudServiceConfiguration: { osFamily: '5' } } } } },
  { operation: 'Pool_Update', body: { properties: { displayName: 'Other', metadata: POOL.properties.metadata, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 1;', evaluationInterval: 'PT6M' } } } }, after: [POOL_MADE] },
  { operation: 'Application_Create', body: { ...SENT_BACK, properties: { displayName: 'App', allowUpdates: false } } },
  { operation: 'Application_Update', body: { ...SENT_BACK, properties: { displayName: 'App', allowUpdates: false, defaultVersion: '1.0' } }, after: [APPLICATION, PACKAGE, { operation: 'ApplicationPackage_Activate', body: { format: 'zip' } }] },
  { operation: 'ApplicationPackage_Create', body: { ...SENT_BACK, properties: { state: 'Active' } }, after: [APPLICATION] },
  { operation: 'ApplicationPackage_Activate', isAction: true, body: { format: 'zip' }, after: [APPLICATION, PACKAGE] },
  CERTIFICATE_MADE,
  { operation: 'Certificate_Update', version: '2024-07-01', body: { properties: { data: CERTIFICATE.pfx } }, after: [CERTIFICATE_MADE] },
  { operation: 'RoleAssignments_Create', body: { properties: { roleDefinitionId: '/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7', principalId: 'p', principalType: 'ServicePrincipal', description: 'for people' } } },
];

async function asked({ operation, params, body, version = '2025-06-01' }: Omit<Case, 'after'>) {
  const { method, path } = requestOf({ operation, params: { identityName: 'identity', scope: GROUP, roleAssignmentName: '00000000-0000-0000-0000-00000000000a', ...params } }, 25);
  const at = operation.startsWith('Role') ? `${GROUP}${path}` : path;
  const got = await manage(it, method, at, body, {}, version);
  return got.status === 202 ? manage(it, 'GET', at, undefined, {}, version) : got;
}

test.each(CASES.map((one) => ({ name: `${one.operation}${one.version === undefined ? '' : ` of ${one.version}`}`, one })))('what $name is sent is answered, but for what answers alone have, and secrets', async ({ one }) => {
  for (const step of one.after ?? []) {
    expect((await asked(step)).status, step.operation).toBeLessThan(300);
    if (step.operation === 'Pool_Create') await statuses(it.pool).pool('p', {});
  }
  const { status, json, text } = await asked(one);
  expect([status, text], text).toEqual([status < 300 ? status : 200, text]);
  const { shape } = rowOf(one.operation);
  if (one.isAction === true || shape === undefined) return;
  expect(json).toMatchObject(told(shape, one.body));
  expect(JSON.stringify(json)).not.toContain('"x":1');
  for (const name of ['id', 'name', 'type', 'etag']) expect(json[name]).not.toBe('x');
});

/** What of a body its answer has as well. */
function told(shape: keyof Shapes, body: Json): Json {
  return Object.fromEntries(
    managementContract.rowsOf(shape).flatMap(([name, { type, secret, list }]): readonly (readonly [string, unknown])[] => {
      const value = body[name];
      const [fate] = managementFatesOf(shape, name);
      if (value === undefined || fate?.kind === 'unheard' || secret === true || ELSEWHERE.has(`${shape}.${name}`)) return [];
      if (!managementContract.isShape(type) || fate?.kind === 'kept') return [[name, type === 'map' || list === true ? withoutSecrets(value) : value]];
      return [[name, list === true ? (value as readonly Json[]).map((item) => told(type, item)) : told(type, value as Json)]];
    }),
  );
}

/** Told at another place of the answer, with the thumbprint of the name, or by the sealed key alone. */
const ELSEWHERE: ReadonlySet<string> = new Set(['ArmFixedScale.nodeDeallocationOption', 'ArmCertificateReference.visibility']);

function withoutSecrets(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, item: unknown) => (name === 'password' ? undefined : item)));
}

test.each(['ArmApplication', 'ArmPackage', 'ArmCertificate', 'ArmPrivateEndpointConnection'] as const)('tags of %s are refused, with the reason', async (shape) => {
  const rows: readonly ManagementRow[] = MANAGEMENT_ROWS;
  for (const row of rows.filter((one) => one.shape === shape)) {
    const got = await asked({ operation: row.id as ManagementOperationId, body: { tags: { a: 'b' } }, ...(shape === 'ArmCertificate' ? { version: '2024-07-01' } : {}) });
    expect(got, row.id).toMatchObject({ status: 400, json: { error: { code: 'UnsupportedProperty' } } });
  }
});

test('no property that can be sent is left out', () => {
  const sent = new Set(CASES.flatMap(({ operation, body }) => pathsOf(rowOf(operation).shape, body)));
  const shapes = managementShapesWithin(MANAGEMENT_ROWS.flatMap((row: ManagementRow) => (row.shape === undefined ? [] : [row.shape])));
  const left = shapes.flatMap((shape) => managementContract.rowsOf(shape).flatMap(([name]) => (managementFatesOf(shape, name)[0]?.kind === 'refused' || sent.has(`${shape}.${name}`) ? [] : [`${shape}.${name}`])));
  // Roles have a test of their own; of connections there are none.
  expect(left.filter((path) => !/^Arm(RoleDefinition|Permission|PrivateEndpointConnection)/.test(path))).toEqual([]);
});

function pathsOf(shape: keyof Shapes | undefined, body: Json): readonly string[] {
  if (shape === undefined) return [];
  return managementContract.rowsOf(shape).flatMap(([name, { type }]): readonly string[] => {
    const value = body[name];
    if (value === undefined) return [];
    const items = Array.isArray(value) ? (value as readonly Json[]) : [value as Json];
    return [`${shape}.${name}`, ...(managementContract.isShape(type) ? items.flatMap((item) => pathsOf(type, item)) : [])];
  });
}

