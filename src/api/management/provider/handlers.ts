import { invalidQuery } from '../../../wire/errors.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { LOCATIONS } from '../../../wire/management/locations.ts';
import { resourceTypes } from '../../../wire/management/operations.ts';
import { json } from '../answers.ts';
import { param, type Directory, type ManagementCall, type ManagementHandler } from '../call.ts';
import { nextLink, pageOf } from '../paging.ts';
import { requireSubscription } from '../subscription/handlers.ts';

/** Which providers are served: all of them are registered from the start. */
export const providerHandlers = {
  Providers_List: async (call, parts) => {
    requireSubscription(call, parts);
    const page = pageOf(call, '$top');
    const found = [...resourceTypes().keys()].toSorted().filter((namespace) => namespace > page.after);
    const value = found.slice(0, page.limit).map((namespace) => view(namespace, call, parts.directory));
    return json(200, { value, ...nextLink(call, page, found) });
  },
  Providers_Get: async (call, parts) => {
    requireSubscription(call, parts);
    return json(200, view(existing(param(call, 'providerNamespace')), call, parts.directory));
  },
  Providers_Register: async (call, parts) => {
    requireSubscription(call, parts);
    await call.jsonIfAny();
    return json(200, view(existing(param(call, 'providerNamespace')), call, parts.directory));
  },
} satisfies Record<string, ManagementHandler>;

/** As it is spelt. @throws ManagementError InvalidResourceNamespace (404). */
function existing(asked: string): string {
  const found = [...resourceTypes().keys()].find((one) => one.toLowerCase() === asked.toLowerCase());
  if (found === undefined) throw new ManagementError('InvalidResourceNamespace', `The resource namespace '${asked}' is invalid: this service has ${[...resourceTypes().keys()].join(', ')}.`);
  return found;
}

function view(namespace: string, call: ManagementCall, { subscriptionId }: Directory): object {
  const aliases = aliasesOf(call);
  const locations = LOCATIONS.map(({ displayName }) => displayName);
  const types = [...(resourceTypes().get(namespace) ?? [])].map(([resourceType, apiVersions]) => ({ resourceType, locations, apiVersions, ...aliases }));
  return { id: `/subscriptions/${subscriptionId}/providers/${namespace}`, namespace, registrationPolicy: 'RegistrationRequired', registrationState: 'Registered', resourceTypes: types };
}

/** Aliases are what policies call properties: there are no policies. @throws BatchError for another `$expand`. */
function aliasesOf({ query }: ManagementCall): { readonly aliases?: readonly never[] } {
  const text = query.get('$expand') ?? '';
  if (text === '') return {};
  if (text.toLowerCase() !== 'resourcetypes/aliases') throw invalidQuery('$expand', text, 'It is resourceTypes/aliases.');
  return { aliases: [] };
}
