import { allAssignments, lockRoles } from '../../../store/intents/roleAssignments.ts';
import { findResource, insertResource, lockResource, removeResource, type ResourceRow } from '../../../store/intents/resources.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { isGuid } from '../../../wire/management/guid.ts';
import { createAssignedRoles } from '../../identity/assignedRoles.ts';
import { empty, json } from '../answers.ts';
import { readBody } from '../body.ts';
import { param, type ManagementCall, type ManagementHandler, type ManagementParts } from '../call.ts';
import { assignableRole, roleDefinitionHandlers } from './definitions.ts';
import { holdScope, requireScope } from './scopes.ts';

const TYPE = 'Microsoft.Authorization/roleAssignments';
/** As on Azure, of a subscription. */
const MOST_ASSIGNMENTS = 4_000;

interface Spec {
  readonly properties: { readonly roleDefinitionId: string; readonly principalId: string; readonly principalType?: string | undefined; readonly description?: string | undefined };
  readonly createdBy: string;
}

/** Who has which role where; what each gives stands in `roles.ts`. */
export const roleAssignmentHandlers = {
  ...roleDefinitionHandlers,
  /** What the caller may do at a scope: a part for each of its roles. */
  Permissions_ListForResource: async (call, parts) => {
    await requireScope(scope(call), parts);
    const roles = await createAssignedRoles(parts.data.database).at(call.identity, scope(call));
    return json(200, { value: roles.map(({ actions, notActions = [], dataActions = [], notDataActions = [] }) => ({ actions, notActions, dataActions, notDataActions })) });
  },
  RoleAssignments_Create: async (call, parts) => {
    const name = param(call, 'roleAssignmentName');
    if (!isGuid(name)) throw new ManagementError('InvalidRoleAssignmentId', `The role assignment ID '${name.slice(0, 64)}' is not valid. The role assignment ID must be a GUID.`);
    await requireScope(scope(call), parts);
    const { properties } = readBody('ArmRoleAssignment', call, await call.json());
    return transaction(parts.data.database, async (tx) => {
      await lockRoles(tx);
      const roleDefinitionId = await assignableRole(tx, properties.roleDefinitionId, scope(call));
      return create(tx, call, { properties: { ...properties, roleDefinitionId }, createdBy: call.identity.objectId });
    });
  },
  RoleAssignments_Get: async (call, parts) => json(200, view(await existing(call, parts))),
  RoleAssignments_Delete: async (call, parts) =>
    transaction(parts.data.database, async (tx) => {
      const row = await lockResource(tx, idOf(call));
      if (row === null) return empty(204);
      await removeResource(tx, row);
      return json(200, view(row));
    }),
  RoleAssignments_ListForScope: async (call, parts) => {
    await requireScope(scope(call), parts);
    const keep = filterOf(call);
    const rows = await allAssignments(parts.data.database, MOST_ASSIGNMENTS);
    return json(200, { value: rows.filter(keep).map(view) });
  },
} satisfies Record<string, ManagementHandler>;

/** Two assignments of the same are one, under the name that came first. To be called under `lockRoles`. */
async function create(tx: Transaction, call: ManagementCall, spec: Spec): ReturnType<ManagementHandler> {
  const id = idOf(call);
  const all = await allAssignments(tx, MOST_ASSIGNMENTS);
  const same = all.find((row) => isSame(spec, specOf(row)) && scopeOf(row).toLowerCase() === scope(call).toLowerCase());
  if (same !== undefined) {
    if (same.id.toLowerCase() === id.toLowerCase()) return json(201, view(same));
    throw new ManagementError('RoleAssignmentExists', `The role assignment already exists. The ID of the existing role assignment is '${nameOf(same)}'.`);
  }
  if (all.length >= MOST_ASSIGNMENTS) throw new ManagementError('RoleAssignmentLimitExceeded', 'No more role assignments can be created.');
  await holdScope(tx, scope(call));
  const made = await insertResource(tx, { id, type: TYPE, spec }, call.now);
  if (made === null) throw new ManagementError('RoleAssignmentUpdateNotPermitted', 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.');
  return json(201, view(made));
}

function isSame({ properties: one }: Spec, { properties: other }: Spec): boolean {
  return one.roleDefinitionId === other.roleDefinitionId && one.principalId.toLowerCase() === other.principalId.toLowerCase();
}

/** Empty: all. */
function scope(call: Pick<ManagementCall, 'params'>): string {
  return param(call, 'scope').replace(/\/$/, '');
}

function idOf(call: Pick<ManagementCall, 'params'>): string {
  return `${scope(call)}/providers/${TYPE}/${param(call, 'roleAssignmentName')}`;
}

async function existing(call: ManagementCall, { data }: ManagementParts): Promise<ResourceRow> {
  const row = await findResource(data.database, idOf(call));
  if (row === null) throw new ManagementError('RoleAssignmentNotFound', `The role assignment '${param(call, 'roleAssignmentName').slice(0, 64)}' is not found.`);
  return row;
}

/** Without a filter: those at the scope, above it and below. */
function filterOf(call: ManagementCall): (row: ResourceRow) => boolean {
  const asked = `${scope(call).toLowerCase()}/`;
  const filter = call.query.get('$filter')?.trim() ?? '';
  const [, principal] = /^(?:assignedTo\(|principalId eq )'([^']{1,128})'\)?$/i.exec(filter) ?? [];
  const isAtScope = /^atScope\(\)$/i.test(filter);
  if (filter !== '' && principal === undefined && !isAtScope) throw new ManagementError('InvalidParameter', `The filter '${filter.slice(0, 256)}' is not supported: atScope(), principalId eq 'ID' and assignedTo('ID') are.`);
  return (row) => {
    const own = `${scopeOf(row).toLowerCase()}/`;
    if (!asked.startsWith(own) && (isAtScope || !own.startsWith(asked))) return false;
    return principal === undefined || specOf(row).properties.principalId.toLowerCase() === principal.toLowerCase();
  };
}

function specOf({ spec }: Pick<ResourceRow, 'spec'>): Spec {
  return JSON.parse(spec) as Spec;
}

function scopeOf({ id }: Pick<ResourceRow, 'id'>): string {
  return id.slice(0, id.toLowerCase().lastIndexOf(`/providers/${TYPE}/`.toLowerCase()));
}

function nameOf({ id }: Pick<ResourceRow, 'id'>): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

function view(row: ResourceRow): object {
  const { properties, createdBy } = specOf(row);
  const createdOn = formatTimestamp(row.createdAt);
  const times = { createdOn, updatedOn: formatTimestamp(row.modifiedAt), createdBy, updatedBy: createdBy };
  return { id: row.id, type: TYPE, name: nameOf(row), properties: { principalType: 'ServicePrincipal', ...properties, scope: scopeOf(row) || '/', condition: null, conditionVersion: null, ...times } };
}
