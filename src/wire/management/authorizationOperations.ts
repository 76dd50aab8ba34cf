export const AUTHORIZATION = '/providers/Microsoft.Authorization';
const ASSIGNMENTS = `${AUTHORIZATION}/roleAssignments`;
const DEFINITIONS = `${AUTHORIZATION}/roleDefinitions`;

/** Roles of anybody at any scope, whose id stands before these paths: Microsoft.Authorization, 2022-04-01. */
export const AUTHORIZATION_ROWS = [
  { id: 'RoleAssignments_ListForScope', method: 'GET', path: ASSIGNMENTS, action: 'Microsoft.Authorization/roleAssignments/read', query: ['$filter'] },
  { id: 'RoleAssignments_Get', method: 'GET', path: `${ASSIGNMENTS}/{roleAssignmentName}`, action: 'Microsoft.Authorization/roleAssignments/read' },
  { id: 'RoleAssignments_Create', method: 'PUT', path: `${ASSIGNMENTS}/{roleAssignmentName}`, action: 'Microsoft.Authorization/roleAssignments/write', body: 'required', shape: 'ArmRoleAssignment' },
  { id: 'RoleAssignments_Delete', method: 'DELETE', path: `${ASSIGNMENTS}/{roleAssignmentName}`, action: 'Microsoft.Authorization/roleAssignments/delete' },
  { id: 'RoleDefinitions_List', method: 'GET', path: DEFINITIONS, action: 'Microsoft.Authorization/roleDefinitions/read', query: ['$filter'] },
  { id: 'RoleDefinitions_Get', method: 'GET', path: `${DEFINITIONS}/{roleDefinitionId}`, action: 'Microsoft.Authorization/roleDefinitions/read' },
  { id: 'RoleDefinitions_CreateOrUpdate', method: 'PUT', path: `${DEFINITIONS}/{roleDefinitionId}`, action: 'Microsoft.Authorization/roleDefinitions/write', body: 'required', shape: 'ArmRoleDefinition' },
  { id: 'RoleDefinitions_Delete', method: 'DELETE', path: `${DEFINITIONS}/{roleDefinitionId}`, action: 'Microsoft.Authorization/roleDefinitions/delete' },
  { id: 'Permissions_ListForResource', method: 'GET', path: `${AUTHORIZATION}/permissions`, action: 'Microsoft.Authorization/permissions/read' },
] as const;
