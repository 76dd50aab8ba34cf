import { findAccount } from '../../../store/intents/accounts.ts';
import { isLocation } from '../../../wire/management/locations.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { batchProviderOperations } from '../../../wire/management/providerOperations.ts';
import { cloudServiceSkus, virtualMachineSkus } from '../../../wire/management/skus.ts';
import { json } from '../answers.ts';
import { accountQuota } from '../batchAccount/quota.ts';
import { isAccountName } from '../batchAccount/view.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { listed, type Filterable } from '../listed.ts';
import { requireSubscription } from '../subscription/handlers.ts';

/** What a region has, and what the provider can do. */
export const locationHandlers = {
  Location_GetQuotas: async (call, parts) => {
    requireLocation(call, parts);
    return json(200, { accountQuota: accountQuota(parts) });
  },
  Location_CheckNameAvailability: async (call, parts) => {
    requireLocation(call, parts);
    const { name } = readBody('ArmCheckAccountName', call, await call.json());
    if (!isAccountName(name)) return json(200, { nameAvailable: false, reason: 'Invalid', message: 'The account name is not valid: it has 3 to 24 lower-case letters and digits.' });
    if ((await findAccount(parts.data.database, name)) === null) return json(200, { nameAvailable: true });
    return json(200, { nameAvailable: false, reason: 'AlreadyExists', message: `An account named '${name}' is already in use.` });
  },
  Location_ListSupportedVirtualMachineSkus: async (call, parts) => {
    requireLocation(call, parts);
    return listed(call, virtualMachineSkus().map((sku) => ({ key: sku.name.toLowerCase(), view: { ...sku } })), SKU_FILTERS);
  },
  Location_ListSupportedCloudServiceSkus: async (call, parts) => {
    requireLocation(call, parts);
    const skus = cloudServiceSkus().map((sku) => ({ key: sku.name.toLowerCase(), view: { ...sku } }));
    return listed(call, skus.toSorted((one, other) => (one.key < other.key ? -1 : 1)), SKU_FILTERS);
  },
  Operations_List: () => Promise.resolve(json(200, { value: batchProviderOperations() })),
} satisfies Record<string, ManagementHandler>;

/** API reference, "Location - List Supported Virtual Machine Skus". */
const SKU_FILTERS: Filterable = { table: { familyName: ['eq', 'ne', 'startswith'], name: ['eq', 'ne', 'startswith'] }, literal: () => ({ kind: 'text', values: undefined }) };

function requireLocation(call: ManagementCall, parts: ManagementParts): void {
  requireSubscription(call, parts);
  const name = param(call, 'locationName');
  if (isLocation(name)) return;
  throw new ManagementError('LocationNotAvailableForResourceType', `The provided location '${name}' is not available for resource type 'Microsoft.Batch/locations'.`);
}
