import { allRoleDefinitions, isRoleAssigned, lockRoles } from '../../../store/intents/roleAssignments.ts';
import { findResource, insertResource, lockResource, removeResource, type ResourceRow, updateResource } from '../../../store/intents/resources.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import { isGuid } from '../../../wire/management/guid.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { MANAGEMENT_ROWS } from '../../../wire/management/operations.ts';
import type { ArmPermission } from '../../../wire/management/types.generated.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { builtInRole, DATA_ACTIONS, matchesAction, type Role, ROLES, type RoleRow } from '../../roles.ts';
import { empty, json } from '../answers.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { requireScope } from './scopes.ts';

const TYPE = 'Microsoft.Authorization/roleDefinitions';
/** As on Azure, of a tenant. */
const MOST_ROLES = 5_000;
const BUILT_IN: readonly RoleRow[] = Object.values(ROLES);

type WholeRole = Required<Role>;

interface RoleSpec {
  readonly properties: { readonly roleName: string; readonly description: string; readonly permissions: readonly Role[]; readonly assignableScopes: readonly string[] };
  readonly createdBy: string;
  readonly updatedBy: string;
}

/** Roles that can be assigned: those built into Azure that mean something here, and those of one's own. */
export const roleDefinitionHandlers = {
  RoleDefinitions_List: async (call, { data, directory }) => {
    const keeps = filterOf(call);
    const own = (await allRoleDefinitions(data.database, MOST_ROLES)).filter((row) => isVisibleAt(specOf(row), param(call, 'scope'))).map((row) => viewOfOwn(row, directory.subscriptionId));
    return json(200, { value: [...BUILT_IN.map(viewOfBuiltIn), ...own].filter(keeps) });
  },
  RoleDefinitions_Get: async (call, { data, directory }) => {
    const id = param(call, 'roleDefinitionId');
    const builtIn = builtInRole(id);
    if (builtIn !== undefined) return json(200, viewOfBuiltIn(builtIn));
    const row = await findResource(data.database, definitionId(id));
    if (row === null) throw missing(id);
    return json(200, viewOfOwn(row, directory.subscriptionId));
  },
  RoleDefinitions_CreateOrUpdate: createOrUpdate,
  RoleDefinitions_Delete: async (call, { data, directory }) => {
    const id = param(call, 'roleDefinitionId');
    if (builtInRole(id) !== undefined) throw new ManagementError('RoleDefinitionUpdateNotPermitted', 'Built-in roles are not deleted.');
    return transaction(data.database, async (tx) => {
      await lockRoles(tx);
      const row = await lockResource(tx, definitionId(id));
      if (row === null) return empty(204);
      if (await isRoleAssigned(tx, row.id)) throw new ManagementError('RoleDefinitionHasAssignments', 'There are existing role assignments referencing role.');
      await removeResource(tx, row);
      return json(200, viewOfOwn(row, directory.subscriptionId));
    });
  },
} satisfies Record<string, ManagementHandler>;

/** As it is kept, whatever scope clients name it at. */
function definitionId(id: string): string {
  return `/providers/${TYPE}/${id.toLowerCase()}`;
}

/**
 * A role that can be assigned at a scope. `id`: of its definition, at whatever scope.
 * @throws ManagementError RoleDefinitionDoesNotExist, RoleAssignmentScopeNotAssignableToRoleDefinition.
 */
export async function assignableRole(tx: Transaction, id: string, scope: string): Promise<string> {
  const builtIn = builtInRole(id);
  if (builtIn !== undefined) return definitionId(builtIn.id);
  const own = await findResource(tx, definitionId(id.split('/').at(-1) ?? ''));
  if (own === null) throw missing(id);
  const { assignableScopes } = specOf(own).properties;
  if (!assignableScopes.some((above) => isAtOrBelow(scope, above))) {
    throw new ManagementError('RoleAssignmentScopeNotAssignableToRoleDefinition', `The assignment scope '${scope}' is not assignable to role definition '${nameOf(own)}': ${assignableScopes.join(', ')} are its assignable scopes.`);
  }
  return own.id;
}

async function createOrUpdate(call: ManagementCall, parts: ManagementParts): ReturnType<ManagementHandler> {
  const { data, within, directory } = parts;
  const name = param(call, 'roleDefinitionId');
  if (!isGuid(name)) throw new ManagementError('InvalidRoleDefinitionId', `The role definition ID '${name.slice(0, 64)}' is not valid. The role definition ID must be a GUID.`);
  if (builtInRole(name) !== undefined) throw new ManagementError('RoleDefinitionUpdateNotPermitted', 'Built-in roles are not changed.');
  const { roleName, description = '', type = 'CustomRole', permissions: asked, assignableScopes } = readBody('ArmRoleDefinition', call, await call.json()).properties;
  const permissions = asked.map(whole);
  if (type !== 'CustomRole') throw new ManagementError('InvalidRequestContent', "The property 'type' of a role of one's own is 'CustomRole'.");
  permissions.forEach(checkPermissions);
  for (const scope of assignableScopes) {
    if (scope === '' || scope === '/') throw new ManagementError('InvalidAssignableScope', "The assignable scope '/' is not allowed for custom roles.");
    await requireScope(scope, parts);
    await within.check({ identity: call.identity, method: 'PUT', path: `${scope.replace(/\/$/, '')}/providers/${TYPE}/${name}` });
  }
  const { objectId } = call.identity;
  const properties = { roleName, description, permissions, assignableScopes };
  const row = await transaction(data.database, async (tx) => {
    await lockRoles(tx);
    const all = await allRoleDefinitions(tx, MOST_ROLES);
    const others = all.filter((one) => one.id !== definitionId(name));
    if (isNamed(roleName, others)) throw new ManagementError('RoleDefinitionWithSameNameExists', `A custom role with the same name '${roleName}' already exists in this directory. Use a different name.`);
    if (others.length >= MOST_ROLES) throw new ManagementError('RoleDefinitionLimitExceeded', 'Role definition limit exceeded. No more role definitions can be created.');
    const known = await lockResource(tx, definitionId(name));
    if (known !== null) return updateResource(tx, known, { spec: { ...specOf(known), properties, updatedBy: objectId } }, call.now);
    return insertResource(tx, { id: definitionId(name), type: TYPE, spec: { properties, createdBy: objectId, updatedBy: objectId } }, call.now);
  });
  if (row === null) throw new Error(`the role definition '${name}' is there although it was not`);
  return json(201, viewOfOwn(row, directory.subscriptionId));
}

function isNamed(roleName: string, rows: readonly ResourceRow[]): boolean {
  const taken = [...BUILT_IN.map(({ title }) => title), ...rows.map((row) => specOf(row).properties.roleName)];
  return taken.some((one) => one.toLowerCase() === roleName.toLowerCase());
}

const ACTIONS: readonly string[] = MANAGEMENT_ROWS.map(({ action }) => action);

/** An action that nobody asks for here would be granted in vain. @throws ManagementError. */
function checkPermissions({ actions, notActions, dataActions, notDataActions }: WholeRole): void {
  for (const asked of [...actions, ...notActions]) {
    if (!ACTIONS.some((action) => matchesAction(asked, action))) throw new ManagementError('InvalidActionOrNotAction', `'${asked}' does not match any of the actions supported by the providers.`);
  }
  for (const asked of [...dataActions, ...notDataActions]) {
    if (!DATA_ACTIONS.some((action) => matchesAction(asked, action))) throw new ManagementError('InvalidDataActionOrNotDataAction', `'${asked}' does not match any of the data actions supported by the providers.`);
  }
}

function whole({ actions = [], notActions = [], dataActions = [], notDataActions = [] }: ArmPermission): WholeRole {
  return { actions, notActions, dataActions, notDataActions };
}

/** At a scope that it can be assigned at, above one, or below. */
function isVisibleAt({ properties }: RoleSpec, scope: string): boolean {
  return properties.assignableScopes.some((one) => isAtOrBelow(scope, one) || isAtOrBelow(one, scope));
}

function isAtOrBelow(scope: string, above: string): boolean {
  return `${scope.replace(/\/$/, '')}/`.toLowerCase().startsWith(`${above.replace(/\/$/, '')}/`.toLowerCase());
}

type View = ReturnType<typeof viewOfBuiltIn> | ReturnType<typeof viewOfOwn>;

/** `roleName eq 'Reader'`, `type eq 'CustomRole'`; those by scope leave all in that the scope shows. */
function filterOf({ query }: ManagementCall): (one: View) => boolean {
  const filter = query.get('$filter')?.trim() ?? '';
  if (filter === '' || /^(atScopeAndBelow|atScope)\(\)$/i.test(filter)) return () => true;
  const [, member = '', quoted] = /^(roleName|type) eq '((?:[^']|'')*)'$/i.exec(filter) ?? [];
  if (quoted === undefined) throw new ManagementError('InvalidParameter', `The filter '${filter.slice(0, 256)}' is not supported: roleName eq 'NAME' and type eq 'CustomRole' are.`);
  const asked = quoted.replaceAll("''", "'").toLowerCase();
  return ({ properties }) => (member.toLowerCase() === 'type' ? properties.type : properties.roleName).toLowerCase() === asked;
}

function viewOfBuiltIn({ id, title, actions, notActions = [], dataActions = [] }: RoleRow) {
  const permissions = [{ actions, notActions, dataActions, notDataActions: [] }];
  return { id: definitionId(id), type: TYPE, name: id, properties: { roleName: title, type: 'BuiltInRole', description: '', assignableScopes: ['/'], permissions } };
}

function viewOfOwn(row: ResourceRow, subscriptionId: string) {
  const { properties, createdBy, updatedBy } = specOf(row);
  const times = { createdOn: formatTimestamp(row.createdAt), updatedOn: formatTimestamp(row.modifiedAt) };
  return { id: `/subscriptions/${subscriptionId}${row.id}`, type: TYPE, name: nameOf(row), properties: { ...properties, type: 'CustomRole', ...times, createdBy, updatedBy } };
}

function specOf({ spec }: Pick<ResourceRow, 'spec'>): RoleSpec {
  return JSON.parse(spec) as RoleSpec;
}

function nameOf({ id }: Pick<ResourceRow, 'id'>): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function missing(id: string): ManagementError {
  return new ManagementError('RoleDefinitionDoesNotExist', `The specified role definition with ID '${id.slice(0, 256)}' does not exist.`);
}
