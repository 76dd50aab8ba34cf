import { lowerAscii } from '../wire/letters.ts';
import type { Right } from '../wire/operations.ts';

/**
 * What a role gives, in Azure's words: `actions` on resources, `dataActions` on what is in them. `*` stands for any
 * text.
 */
export interface Role {
  readonly actions: readonly string[];
  readonly notActions?: readonly string[];
  readonly dataActions?: readonly string[];
  readonly notDataActions?: readonly string[];
}

export interface RoleRow extends Role {
  /** Of its definition in Azure, which assignments name. */
  readonly id: string;
  readonly title: string;
}

const BLOBS = 'Microsoft.Storage/storageAccounts/blobServices/containers/blobs';
const BATCH_JOBS = ['Microsoft.Batch/batchAccounts/jobSchedules/*', 'Microsoft.Batch/batchAccounts/jobs/*'];

/**
 * Built-in roles (Azure documentation, "Azure built-in roles" and "Role-based access control for Azure Batch service").
 */
export const ROLES = {
  owner: { id: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635', title: 'Owner', actions: ['*'] },
  contributor: {
    id: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
    title: 'Contributor',
    actions: ['*'],
    notActions: ['Microsoft.Authorization/*/Delete', 'Microsoft.Authorization/*/Write', 'Microsoft.Authorization/elevateAccess/Action'],
  },
  reader: { id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', title: 'Reader', actions: ['*/read'] },
  userAccessAdministrator: { id: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9', title: 'User Access Administrator', actions: ['*/read', 'Microsoft.Authorization/*'] },
  batchAccountContributor: {
    id: '29fe4964-1e60-436b-bd3a-77fd4c178b3c',
    title: 'Azure Batch Account Contributor',
    actions: ['Microsoft.Authorization/*/read', 'Microsoft.Batch/*', 'Microsoft.Resources/deployments/*', 'Microsoft.Resources/subscriptions/resourceGroups/read'],
    dataActions: ['Microsoft.Batch/*'],
  },
  batchAccountReader: {
    id: '11076f67-66f6-4be0-8f6b-f0609fd05cc9',
    title: 'Azure Batch Account Reader',
    actions: ['Microsoft.Batch/*/read', 'Microsoft.Resources/subscriptions/resourceGroups/read'],
    dataActions: ['Microsoft.Batch/batchAccounts/jobSchedules/read', 'Microsoft.Batch/batchAccounts/jobs/read'],
  },
  batchDataContributor: {
    id: '6aaa78f1-f7de-44ca-8722-c64a23943cae',
    title: 'Azure Batch Data Contributor',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Batch/batchAccounts/read',
      'Microsoft.Batch/batchAccounts/applications/*',
      'Microsoft.Batch/batchAccounts/certificates/*',
      'Microsoft.Batch/batchAccounts/certificateOperationResults/*',
      'Microsoft.Batch/batchAccounts/pools/*',
      'Microsoft.Batch/batchAccounts/poolOperationResults/*',
      'Microsoft.Batch/locations/*/read',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
    dataActions: BATCH_JOBS,
  },
  batchJobSubmitter: {
    id: '48e5e92e-a480-4e71-aa9c-2778f4c13781',
    title: 'Azure Batch Job Submitter',
    actions: [
      'Microsoft.Batch/batchAccounts/applications/read',
      'Microsoft.Batch/batchAccounts/applications/versions/read',
      'Microsoft.Batch/batchAccounts/pools/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
    dataActions: BATCH_JOBS,
  },
  storageBlobDataOwner: { id: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b', title: 'Storage Blob Data Owner', actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/*'], dataActions: [`${BLOBS}/*`] },
  storageBlobDataContributor: { id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe', title: 'Storage Blob Data Contributor', actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/*'], dataActions: [`${BLOBS}/*`] },
  storageBlobDataReader: { id: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', title: 'Storage Blob Data Reader', actions: ['Microsoft.Storage/storageAccounts/blobServices/containers/read'], dataActions: [`${BLOBS}/read`] },
} as const satisfies Readonly<Record<string, RoleRow>>;

const BY_ID: ReadonlyMap<string, RoleRow> = new Map(Object.values(ROLES).map((role) => [role.id, role]));

/** The built-in role of a definition's id, whatever scope it begins with; undefined: it is none of them. */
export function builtInRole(roleDefinitionId: string): RoleRow | undefined {
  return BY_ID.get(lowerAscii(roleDefinitionId.split('/').at(-1) ?? ''));
}

/** Whether one of the roles gives the action on a resource. */
export function givesAction(roles: readonly Role[], action: string): boolean {
  return roles.some(({ actions, notActions = [] }) => matchesAny(actions, action) && !matchesAny(notActions, action));
}

/** Whether one of the roles gives the action on what is in a resource. */
export function givesDataAction(roles: readonly Role[], action: string): boolean {
  return roles.some(({ dataActions = [], notDataActions = [] }) => matchesAny(dataActions, action) && !matchesAny(notDataActions, action));
}

/** What of an account an operation is about. */
export type AccountPart = 'account' | 'applications' | 'certificates' | 'pools' | 'jobs' | 'jobSchedules';

const ACCOUNT = 'Microsoft.Batch/batchAccounts';

/**
 * Whether one of the roles gives the right to a part of an account. Who may read the account may read all in it, and
 * who may list its keys may do all that the keys allow (Azure documentation, "Authenticate Azure Batch services with
 * Microsoft Entra ID").
 */
export function givesRight(roles: readonly Role[], of: AccountPart, right: Right): boolean {
  if (givesAction(roles, `${ACCOUNT}/listKeys/action`)) return true;
  if (right === 'read' && givesAction(roles, `${ACCOUNT}/read`)) return true;
  switch (of) {
    case 'account':
      return givesAction(roles, `${ACCOUNT}/${right}`);
    case 'jobs':
    case 'jobSchedules':
      return givesDataAction(roles, `${ACCOUNT}/${of}/${right}`);
    case 'applications':
    case 'certificates':
    case 'pools':
      return givesAction(roles, `${ACCOUNT}/${of}/${right}`);
  }
}

function matchesAny(patterns: readonly string[], action: string): boolean {
  return patterns.some((pattern) => matchesAction(pattern, action));
}

/** Whether an action is one of those that a pattern stands for, without regard to case; `*` is any text. */
export function matchesAction(pattern: string, action: string): boolean {
  const [before = '', ...parts] = lowerAscii(pattern).split('*');
  const asked = lowerAscii(action);
  const after = parts.pop();
  if (after === undefined) return asked === before;
  if (!asked.startsWith(before)) return false;
  let at = before.length;
  // The first place of each is as good as any later one.
  for (const part of parts) {
    const found = asked.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return asked.length >= at + after.length && asked.endsWith(after);
}

/** All actions on what is in resources that are asked for anywhere here. */
export const DATA_ACTIONS: readonly string[] = [
  ...['jobs', 'jobSchedules'].flatMap((part) => ['read', 'write', 'delete'].map((right) => `${ACCOUNT}/${part}/${right}`)),
  ...['read', 'write', 'delete'].map((right) => `${BLOBS}/${right}`),
];
