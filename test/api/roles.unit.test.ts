import { describe, expect, it } from 'vitest';
import { OWN_OPERATIONS } from '../../src/api/own/operations.ts';
import { partOf } from '../../src/api/data/plane.ts';
import { authorize, memberPrincipal } from '../../src/api/principal.ts';
import { type AccountPart, builtInRole, DATA_ACTIONS, givesAction, givesDataAction, matchesAction, ROLES } from '../../src/api/roles.ts';
import { operations, type Right } from '../../src/wire/operations.ts';
import { MANAGEMENT_ROWS, type ManagementRow } from '../../src/wire/management/operations.ts';

const ROWS: readonly ManagementRow[] = MANAGEMENT_ROWS;

const somebody = { objectId: 'o', tenantId: 't', kind: 'user', name: 'ada' } as const;
const account = { number: 1, name: 'a', keys: [] };
type BuiltIn = keyof typeof ROLES;
const ROLE_NAMES = Object.keys(ROLES) as BuiltIn[];

/** What each role may do with each part of an account; parts that are not named it may not touch. */
const ALL = { read: true, write: true, delete: true };
const READ = { read: true, write: false, delete: false };
const NOTHING = { read: false, write: false, delete: false };
const EXPECTED: Readonly<Record<BuiltIn, Readonly<Record<AccountPart, Readonly<Record<Right, boolean>>>>>> = {
  owner: every(ALL),
  contributor: every(ALL),
  reader: every(READ),
  userAccessAdministrator: every(READ),
  batchAccountContributor: every(ALL),
  batchAccountReader: every(READ),
  batchDataContributor: { ...every(ALL), account: READ },
  storageBlobDataOwner: every(NOTHING),
  storageBlobDataContributor: every(NOTHING),
  storageBlobDataReader: every(NOTHING),
  batchJobSubmitter: { ...every(NOTHING), jobs: ALL, jobSchedules: ALL, pools: READ, applications: READ },
};

/** All of Microsoft.Batch. */
const OF_BATCH = /^(BatchAccount|Pool|Application|ApplicationPackage|Certificate|PrivateLinkResource|PrivateEndpointConnection|NetworkSecurityPerimeter|Location|Operations)_/;

/** Calculating a hash is asked for at no scope, so that no role but those of all resources gives it. */
function isFor({ id }: ManagementRow, some: readonly RegExp[]): boolean {
  return id !== 'Deployments_CalculateTemplateHash' && some.some((form) => form.test(id));
}

function every(rights: Readonly<Record<Right, boolean>>): Readonly<Record<AccountPart, Readonly<Record<Right, boolean>>>> {
  return { account: rights, applications: rights, certificates: rights, pools: rights, jobs: rights, jobSchedules: rights };
}

describe.each(ROLE_NAMES)('the role %s', (role) => {
  it.each(operations.map((operation) => [operation.id, operation] as const))('allows or denies %s as its definition says', (_id, operation) => {
    const part = partOf(operation);
    const ask = (): void => authorize(memberPrincipal(somebody, account, [ROLES[role]]), { right: operation.right, of: part, params: {} });
    if (EXPECTED[role][part][operation.right]) expect(ask).not.toThrow();
    else expect(ask).toThrow('This account may not do what the request asks for.');
  });

  it.each(OWN_OPERATIONS.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))('allows or denies %s as its definition says', (_name, { right, of }) => {
    const ask = (): void => authorize(memberPrincipal(somebody, account, [ROLES[role]]), { right, of, params: {} });
    if (EXPECTED[role][of][right]) expect(ask).not.toThrow();
    else expect(ask).toThrow('This account may not do what the request asks for.');
  });

  it('is found by the id of its definition, at whatever scope', () => {
    const { id } = ROLES[role];
    for (const scope of ['', '/subscriptions/s']) expect(builtInRole(`${scope}/providers/Microsoft.Authorization/roleDefinitions/${id.toUpperCase()}`)).toBe(ROLES[role]);
  });
});

describe('on the management plane', () => {
  const allowed = (role: BuiltIn): readonly string[] => ROWS.filter(({ action }) => givesAction([ROLES[role]], action)).map(({ id }) => id);

  it('owners and contributors may all of Batch, and readers read it', () => {
    expect(allowed('owner')).toEqual(ROWS.map(({ id }) => id));
    for (const { action } of ROWS) expect([action, givesAction([ROLES.reader], action)]).toEqual([action, action.endsWith('/read')]);
    expect(givesAction([ROLES.contributor], 'Microsoft.Authorization/roleAssignments/write')).toBe(false);
    expect(givesAction([ROLES.userAccessAdministrator], 'Microsoft.Authorization/roleAssignments/write')).toBe(true);
  });

  /** Of roles that are for some of it: the providers and what of them may be done, as operations are named. */
  const SOME: Partial<Record<BuiltIn, readonly RegExp[]>> = {
    batchAccountContributor: [OF_BATCH, /^Deployments?/, /^ResourceGroups_(List|Get|CheckExistence)$/, /^(Role|Permissions)\w*_(List|ListForScope|ListForResource|Get)$/],
    batchAccountReader: [/^(BatchAccount_(List|ListByResourceGroup|Get|OperationResult|DeletionResult|ListDetectors|GetDetector|ListOutboundNetworkDependenciesEndpoints))$/, /^(Pool|Application|ApplicationPackage|Certificate)_(List|ListByBatchAccount|Get|OperationResult)$/, /^(PrivateLinkResource|PrivateEndpointConnection)_(ListByBatchAccount|Get)$/, /^NetworkSecurityPerimeter_(ListConfigurations|GetConfiguration)$/, /^Location_(GetQuotas|ListSupported\w+)$/, /^Operations_List$/, /^ResourceGroups_(List|Get|CheckExistence)$/],
    batchDataContributor: [/^BatchAccount_(List|ListByResourceGroup|Get)$/, /^(Pool|Application|ApplicationPackage|Certificate)_/, /^BatchAccount_DeletionResult$/, /^Location_(GetQuotas|ListSupported\w+)$/, /^Deployments?/, /^ResourceGroups_(List|Get|CheckExistence)$/, /^(Role|Permissions)\w*_(List|ListForScope|ListForResource|Get)$/],
    batchJobSubmitter: [/^Pool_(ListByBatchAccount|Get)$/, /^(Application|ApplicationPackage)_(List|Get)$/, /^ResourceGroups_(List|Get|CheckExistence)$/],
    storageBlobDataOwner: [],
    storageBlobDataContributor: [],
    storageBlobDataReader: [],
  };

  it.each(Object.entries(SOME))('%s may what it is for, and nothing else', (role, some) => {
    expect(allowed(role as BuiltIn)).toEqual(ROWS.filter((row) => isFor(row, some)).map(({ id }) => id));
  });

  it('keys are listed by nobody who may only use the data', () => {
    const listKeys = 'Microsoft.Batch/batchAccounts/listKeys/action';
    expect(ROLE_NAMES.filter((role) => givesAction([ROLES[role]], listKeys))).toEqual(['owner', 'contributor', 'batchAccountContributor']);
  });

  it('nobody has a right without a role', () => {
    expect(ROWS.filter(({ action }) => givesAction([], action))).toEqual([]);
  });
});

describe('a pattern of actions', () => {
  it.each([
    ['*', 'Microsoft.Batch/batchAccounts/read', true],
    ['*/read', 'Microsoft.Batch/batchAccounts/read', true],
    ['*/read', 'Microsoft.Batch/batchAccounts/write', false],
    ['Microsoft.Batch/*/read', 'microsoft.batch/batchaccounts/pools/READ', true],
    ['Microsoft.*/batchAccounts/*/read', 'Microsoft.Batch/batchAccounts/pools/read', true],
    ['Microsoft.*/batchAccounts/*/read', 'Microsoft.Batch/batchAccounts/read', false],
    ['a*a', 'a', false],
    ['a*b*b', 'ab', false],
  ])('%s stands for %s: %s', (pattern, action, stands) => {
    expect(matchesAction(pattern, action)).toBe(stands);
  });

  it('takes back what notActions and notDataActions name', () => {
    const role = { actions: ['*'], notActions: ['*/delete'], dataActions: ['*'], notDataActions: ['Microsoft.Batch/batchAccounts/jobs/delete'] };
    expect(givesAction([role], 'Microsoft.Batch/batchAccounts/delete')).toBe(false);
    expect(DATA_ACTIONS.filter((action) => !givesDataAction([role], action))).toEqual(['Microsoft.Batch/batchAccounts/jobs/delete']);
  });
});
