import { ManagementError } from '../../../wire/management/errors.ts';
import { LOCATIONS } from '../../../wire/management/locations.ts';
import { json } from '../answers.ts';
import { param, type Directory, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';

export const subscriptionHandlers = {
  Tenants_List: async (_call, { directory: { tenantId } }) => json(200, { value: [{ id: `/tenants/${tenantId}`, tenantId, countryCode: 'NL', displayName: 'Linarite', domains: ['linarite.local'], tenantCategory: 'Home' }] }),
  Subscriptions_ListLocations: async (call, parts) => {
    requireSubscription(call, parts);
    const { subscriptionId } = parts.directory;
    const value = LOCATIONS.map(({ name, displayName }) => ({ id: `/subscriptions/${subscriptionId}/locations/${name}`, name, displayName, regionalDisplayName: displayName, type: 'Region', metadata: { regionType: 'Physical', regionCategory: 'Recommended', geographyGroup: 'Here', longitude: '0', latitude: '0', physicalLocation: 'here', pairedRegion: [] } }));
    return json(200, { value });
  },
  Subscriptions_List: async (_call, { directory }) => json(200, { value: [view(directory)] }),
  Subscriptions_Get: async (call, parts) => {
    requireSubscription(call, parts);
    return json(200, view(parts.directory));
  },
} satisfies Record<string, ManagementHandler>;

/** @throws ManagementError SubscriptionNotFound (404) for any other than the service's own. */
export function requireSubscription(call: Pick<ManagementCall, 'params'>, { directory }: Pick<ManagementParts, 'directory'>): void {
  const asked = param(call, 'subscriptionId');
  if (asked.toLowerCase() !== directory.subscriptionId) throw new ManagementError('SubscriptionNotFound', `The subscription '${asked}' could not be found: this service has '${directory.subscriptionId}'.`);
}

function view({ subscriptionId, tenantId }: Directory): object {
  return {
    id: `/subscriptions/${subscriptionId}`,
    subscriptionId,
    tenantId,
    displayName: 'Linarite',
    state: 'Enabled',
    subscriptionPolicies: { locationPlacementId: 'Public_2014-09-01', quotaId: 'Linarite', spendingLimit: 'Off' },
    authorizationSource: 'RoleBased',
    managedByTenants: [],
  };
}
