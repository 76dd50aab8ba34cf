import type { Identity } from './identity.ts';

/** The one tenant of a service. */
export const TENANT_ID = '11a12173-0000-4000-8000-000000000001';

/** The subscription that is there from the start. */
export const DEFAULT_SUBSCRIPTION_ID = '11a12173-0000-4000-8000-000000000002';

/**
 * The service principal of whoever runs the service: owner of all. Its secret is one of the keys of the data directory.
 */
export const OPERATOR: Identity & { readonly appId: string } = {
  objectId: '11a12173-0000-4000-8000-000000000003',
  tenantId: TENANT_ID,
  kind: 'servicePrincipal',
  name: 'operator',
  appId: '11a12173-0000-4000-8000-000000000004',
};

/** Tokens for Azure Batch are for this audience; clients also write it without the last slash. */
export const BATCH_AUDIENCE = 'https://batch.core.windows.net/';

/** Tokens for Azure Resource Manager: its older name, which `az` registers, and the newer one. */
export const MANAGEMENT_AUDIENCES: readonly string[] = ['https://management.core.windows.net/', 'https://management.azure.com/'];

/** Whoever runs the service, signed in as a person. */
export const OPERATOR_USER: Identity = {
  objectId: '11a12173-0000-4000-8000-000000000005',
  tenantId: TENANT_ID,
  kind: 'user',
  name: 'operator@linarite.onmicrosoft.com',
};

const OPERATORS: ReadonlySet<string> = new Set([OPERATOR.objectId, OPERATOR_USER.objectId]);

/** Whether it is whoever runs the service, as an application or as a person. */
export function isOperatorIdentity({ objectId, tenantId }: Identity): boolean {
  return OPERATORS.has(objectId) && tenantId === TENANT_ID;
}
