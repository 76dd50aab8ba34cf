import { ManagementError } from '../../../wire/management/errors.ts';
import { LOCATIONS } from '../../../wire/management/locations.ts';
import { resourceTypes } from '../../../wire/management/operations.ts';
import { json } from '../answers.ts';
import { param, type Directory, type ManagementHandler } from '../call.ts';
import { requireSubscription } from '../subscription/handlers.ts';

/** Which providers are served: all of them are registered from the start. */
export const providerHandlers = {
  Providers_List: async (call, parts) => {
    requireSubscription(call, parts);
    return json(200, { value: [...resourceTypes().keys()].map((namespace) => view(namespace, parts.directory)) });
  },
  Providers_Get: async (call, parts) => {
    requireSubscription(call, parts);
    return json(200, view(existing(param(call, 'providerNamespace')), parts.directory));
  },
  Providers_Register: async (call, parts) => {
    requireSubscription(call, parts);
    await call.jsonIfAny();
    return json(200, view(existing(param(call, 'providerNamespace')), parts.directory));
  },
} satisfies Record<string, ManagementHandler>;

/** As it is spelt. @throws ManagementError InvalidResourceNamespace (404). */
function existing(asked: string): string {
  const found = [...resourceTypes().keys()].find((one) => one.toLowerCase() === asked.toLowerCase());
  if (found === undefined) throw new ManagementError('InvalidResourceNamespace', `The resource namespace '${asked}' is invalid: this service has ${[...resourceTypes().keys()].join(', ')}.`);
  return found;
}

function view(namespace: string, { subscriptionId }: Directory): object {
  const locations = LOCATIONS.map(({ displayName }) => displayName);
  const types = [...(resourceTypes().get(namespace) ?? [])].map((resourceType) => ({ resourceType, locations, apiVersions: [] }));
  return { id: `/subscriptions/${subscriptionId}/providers/${namespace}`, namespace, registrationPolicy: 'RegistrationRequired', registrationState: 'Registered', resourceTypes: types };
}
