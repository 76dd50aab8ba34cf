import { ROLES, type RoleRow } from '../../roles.ts';
import { ManagementError } from '../../../wire/management/errors.ts';
import { json } from '../answers.ts';
import { param, type ManagementCall, type ManagementHandler } from '../call.ts';

/** Roles that can be assigned: those built into Azure that mean something here. */
export const roleDefinitionHandlers = {
  RoleDefinitions_List: async (call) => {
    const wanted = nameAsked(call);
    const all: readonly RoleRow[] = Object.values(ROLES);
    return json(200, { value: all.filter(({ title }) => wanted === undefined || title.toLowerCase() === wanted.toLowerCase()).map(view) });
  },
  RoleDefinitions_Get: async (call) => {
    const id = param(call, 'roleDefinitionId').toLowerCase();
    const all: readonly RoleRow[] = Object.values(ROLES);
    const found = all.find((role) => role.id === id);
    if (found === undefined) throw new ManagementError('RoleDefinitionDoesNotExist', `The specified role definition with ID '${id}' does not exist.`);
    return json(200, view(found));
  },
} satisfies Record<string, ManagementHandler>;

export function definitionId(id: string): string {
  return `/providers/Microsoft.Authorization/roleDefinitions/${id}`;
}

/** `roleName eq 'Reader'`; the other filters that there are leave all built-in roles in. */
function nameAsked({ query }: ManagementCall): string | undefined {
  const filter = query.get('$filter');
  if (filter === null || /^\s*(atScopeAndBelow\(\)|type eq 'BuiltInRole')\s*$/i.test(filter)) return undefined;
  const [, name] = /^\s*roleName eq '((?:[^']|'')*)'\s*$/i.exec(filter) ?? [];
  if (name === undefined) throw new ManagementError('InvalidParameter', `The filter '${filter.slice(0, 256)}' is not supported: roleName eq 'NAME' is.`);
  return name.replaceAll("''", "'");
}

function view({ id, title, actions, notActions = [], dataActions = [] }: RoleRow): object {
  const permissions = [{ actions, notActions, dataActions, notDataActions: [] }];
  return { id: definitionId(id), type: 'Microsoft.Authorization/roleDefinitions', name: id, properties: { roleName: title, type: 'BuiltInRole', description: '', assignableScopes: ['/'], permissions } };
}
