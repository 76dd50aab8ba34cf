import { randomUUID } from 'node:crypto';
import { findResource, insertResource, lockResource, removeResource, updateResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { isLocation, locationName } from '../../../wire/management/locations.ts';
import { formatResourceId, groupId, subscriptionId } from '../../../wire/management/resourceId.ts';
import { empty, json } from '../answers.ts';
import { readBody } from '../body.ts';
import { param, type Directory, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { existingGroup, holdGroup, openGroup } from '../group/existing.ts';
import { listOfType } from '../list.ts';
import { requireSubscription } from '../subscription/handlers.ts';

export const MANAGED_IDENTITY_TYPE = 'Microsoft.ManagedIdentity/userAssignedIdentities';

/** 3 to 128 letters, digits, `-` and `_`, a letter or digit first (resource name rules). */
const NAME = /^[a-zA-Z0-9][-\w]{2,127}$/;

/** What is kept of an identity. `principalId` is who it is, `clientId` what its clients call it. */
interface ManagedIdentitySpec {
  readonly location: string;
  readonly tags?: Readonly<Record<string, unknown>> | undefined;
  readonly principalId: string;
  readonly clientId: string;
}

export const managedIdentityHandlers = {
  UserAssignedIdentities_ListBySubscription: (call, parts) => {
    requireSubscription(call, parts);
    return listOfType(MANAGED_IDENTITY_TYPE, `${subscriptionId(param(call, 'subscriptionId'))}/`, call, parts, (row) => view(row, parts.directory));
  },
  UserAssignedIdentities_ListByResourceGroup: async (call, parts) => {
    await existingGroup(call, parts);
    return listOfType(MANAGED_IDENTITY_TYPE, `${groupId(param(call, 'subscriptionId'), param(call, 'resourceGroupName'))}/`, call, parts, (row) => view(row, parts.directory));
  },
  UserAssignedIdentities_Get: async (call, parts) => json(200, view(await existing(call, parts), parts.directory)),
  UserAssignedIdentities_CreateOrUpdate: async (call, parts) => {
    const name = param(call, 'identityName');
    if (!NAME.test(name)) throw new ManagementError('InvalidResourceName', `The identity name '${name}' is not valid: it has 3 to 128 letters, digits, '-' and '_', and begins with a letter or digit.`, { target: 'identityName' });
    await openGroup(call, parts);
    const { location, tags } = readBody('ArmUserAssignedIdentity', call, await call.json());
    if (!isLocation(location)) throw new ManagementError('LocationNotAvailableForResourceType', `The provided location '${location}' is not available for resource type '${MANAGED_IDENTITY_TYPE}'.`);
    const asked = { location: locationName(location), ...(tags === undefined ? {} : { tags }) };
    const { row, isNew } = await transaction(parts.data.database, async (tx) => {
      await holdGroup(tx, call);
      const spec: ManagedIdentitySpec = { ...asked, principalId: randomUUID(), clientId: randomUUID() };
      const made = await insertResource(tx, { id: idOf(call), type: MANAGED_IDENTITY_TYPE, spec }, call.now);
      if (made !== null) return { row: made, isNew: true };
      const known = await lockResource(tx, idOf(call));
      if (known === null) throw new Error(`${idOf(call)} is neither there nor free`);
      const former = managedIdentitySpec(known);
      if (former.location !== asked.location) throw new ManagementError('InvalidResourceLocation', `The resource '${name}' already exists in location '${former.location}'.`);
      return { row: await updateResource(tx, known, { spec: { ...former, ...asked } }, call.now), isNew: false };
    });
    return json(isNew ? 201 : 200, view(row, parts.directory));
  },
  UserAssignedIdentities_Update: async (call, parts) => {
    const { tags } = readBody('ArmUserAssignedIdentityUpdate', call, await call.json());
    await existing(call, parts);
    const row = await transaction(parts.data.database, async (tx) => {
      const known = await lockResource(tx, idOf(call));
      if (known === null) throw noIdentity(call);
      return updateResource(tx, known, { spec: { ...managedIdentitySpec(known), ...(tags === undefined ? {} : { tags }) } }, call.now);
    });
    return json(200, view(row, parts.directory));
  },
  UserAssignedIdentities_Delete: async (call, parts) => {
    requireSubscription(call, parts);
    return transaction(parts.data.database, async (tx) => {
      const known = await lockResource(tx, idOf(call));
      if (known === null) return empty(204);
      await removeResource(tx, known);
      return empty(200);
    });
  },
} satisfies Record<string, ManagementHandler>;

export function managedIdentitySpec({ spec }: Pick<ResourceRow, 'spec'>): ManagedIdentitySpec {
  return JSON.parse(spec) as ManagedIdentitySpec;
}

async function existing(call: ManagementCall, parts: ManagementParts): Promise<ResourceRow> {
  await existingGroup(call, parts);
  const found = await findResource(parts.data.database, idOf(call));
  if (found === null) throw noIdentity(call);
  return found;
}

function idOf(call: ManagementCall): string {
  return formatResourceId({ subscriptionId: param(call, 'subscriptionId'), resourceGroup: param(call, 'resourceGroupName'), type: MANAGED_IDENTITY_TYPE, names: [param(call, 'identityName')] });
}

function noIdentity(call: ManagementCall): ManagementError {
  return new ManagementError('ResourceNotFound', `The Resource '${MANAGED_IDENTITY_TYPE}/${param(call, 'identityName')}' under resource group '${param(call, 'resourceGroupName')}' was not found.`);
}

function view(row: ResourceRow, { tenantId }: Directory): object {
  const { location, tags, principalId, clientId } = managedIdentitySpec(row);
  return { id: row.id, name: row.id.split('/').at(-1), type: MANAGED_IDENTITY_TYPE, location, tags: tags ?? {}, properties: { tenantId, principalId, clientId } };
}
