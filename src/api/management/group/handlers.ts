import { findResource, insertResource, lockResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { isLocation, LOCATIONS, locationName } from '../../../wire/management/locations.ts';
import { GROUP_FILTER, resourceFilter } from '../../../wire/management/resourceFilter.ts';
import { subscriptionId } from '../../../wire/management/resourceId.ts';
import { present } from '../../data/present.ts';
import { empty, json } from '../answers.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler } from '../call.ts';
import { listOfType } from '../list.ts';
import { deleteGroup, groupDeletionResult } from './deletion.ts';
import { beingDeleted, existingGroup, GROUP_TYPE, groupOf, noGroup } from './existing.ts';
import { listGroupResources, listSubscriptionResources } from './resources.ts';
import { requireSubscription } from '../subscription/handlers.ts';

/** At most 90 letters, digits, `_ - . ( )`, no full stop at its end (limits of Azure Resource Manager). */
const NAME = /^[-\w.()]{0,89}[-\w()]$/u;

export const groupHandlers = {
  ResourceGroups_List: async (call, parts) => {
    requireSubscription(call, parts);
    return listOfType(GROUP_TYPE, `${subscriptionId(param(call, 'subscriptionId'))}/`, call, parts, view, keepsGroup(call));
  },
  ResourceGroups_Get: async (call, parts) => json(200, view(await existingGroup(call, parts))),
  ResourceGroups_CheckExistence: async (call, parts) => {
    requireSubscription(call, parts);
    const found = await findResource(parts.data.database, groupOf(call));
    return found === null ? { status: 404, headers: {}, body: null } : empty(204);
  },
  ResourceGroups_CreateOrUpdate: async (call, parts) => {
    requireSubscription(call, parts);
    const name = param(call, 'resourceGroupName');
    if (!NAME.test(name)) throw new ManagementError('InvalidResourceName', `The provided resource group name '${name}' is not valid: it has 1 to 90 letters, digits, '-', '_', '.', '(' and ')', and does not end in '.'.`, { target: 'resourceGroupName' });
    const { location, tags, managedBy } = readBody('ArmGroupCreate', call, await call.json());
    if (!isLocation(location)) throw new ManagementError('LocationNotAvailableForResourceGroup', `The provided location '${location.slice(0, 64)}' is not available for resource group. List of available regions is '${LOCATIONS.map(({ name }) => name).join(',')}'.`);
    const spec: GroupSpec = { location: locationName(location), ...present({ tags, managedBy }) };
    const { row, isNew } = await transaction(parts.data.database, async (tx) => {
      const made = await insertResource(tx, { id: groupOf(call), type: GROUP_TYPE, spec }, call.now);
      if (made !== null) return { row: made, isNew: true };
      const known = await lockResource(tx, groupOf(call));
      if (known === null || known.state === 'Deleting') throw beingDeleted(name);
      const former = specOf(known);
      if (former.location !== spec.location) throw new ManagementError('InvalidResourceLocation', `Invalid resource group location '${location}'. The resource group already exists in location '${former.location}'.`);
      return { row: await updateResource(tx, known, { spec }, call.now), isNew: false };
    });
    return json(isNew ? 201 : 200, view(row));
  },
  ResourceGroups_Update: async (call, parts) => {
    requireSubscription(call, parts);
    const { tags, managedBy } = readBody('ArmGroupUpdate', call, await call.json());
    const row = await transaction(parts.data.database, async (tx) => {
      const known = await lockResource(tx, groupOf(call));
      if (known === null) throw noGroup(param(call, 'resourceGroupName'));
      return updateResource(tx, known, { spec: { ...specOf(known), ...present({ tags, managedBy }) } }, call.now);
    });
    return json(200, view(row));
  },
  ResourceGroups_Delete: deleteGroup,
  ResourceGroups_DeletionResult: groupDeletionResult,
  Resources_List: listSubscriptionResources,
  Resources_ListByResourceGroup: listGroupResources,
} satisfies Record<string, ManagementHandler>;

/** `$filter`, by tags. */
function keepsGroup({ query }: ManagementCall): (row: ResourceRow) => boolean {
  const keeps = resourceFilter(query.get('$filter'), GROUP_FILTER);
  return (row) => {
    const { location, tags = {} } = specOf(row);
    const name = row.id.split('/').at(-1) ?? '';
    return keeps({ name, resourceType: GROUP_TYPE, resourceGroup: name, location, tags });
  };
}

interface GroupSpec {
  readonly location: string;
  readonly tags?: Readonly<Record<string, unknown>>;
  readonly managedBy?: string;
}

function specOf({ spec }: ResourceRow): GroupSpec {
  return JSON.parse(spec) as GroupSpec;
}

function view(row: ResourceRow): object {
  return { id: row.id, name: row.id.split('/').at(-1), type: GROUP_TYPE, ...specOf(row), properties: { provisioningState: row.state } };
}
