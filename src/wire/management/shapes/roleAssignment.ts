import type { ShapeTable } from '../../shapes/definition.ts';

/**
 * Role assignments and roles of one's own (Microsoft.Authorization, 2022-04-01). Conditions are not evaluated here, so
 * there are none.
 */
export const ROLE_ASSIGNMENT_SHAPES = {
  ArmRoleAssignment: {
    properties: { type: 'ArmRoleAssignmentProperties', required: true },
  },
  ArmRoleAssignmentProperties: {
    roleDefinitionId: { type: 'string', required: true, minLength: 1, maxLength: 1024 },
    principalId: { type: 'string', required: true, minLength: 1, maxLength: 128 },
    principalType: { type: 'ArmPrincipalType' },
    description: { type: 'string', maxLength: 1024 },
  },
  ArmRoleDefinition: {
    properties: { type: 'ArmRoleDefinitionProperties', required: true },
  },
  ArmRoleDefinitionProperties: {
    roleName: { type: 'string', required: true, minLength: 1, maxLength: 512 },
    description: { type: 'string', maxLength: 2048 },
    type: { type: 'ArmRoleType' },
    permissions: { type: 'ArmPermission', list: true, required: true, minItems: 1, maxItems: 10 },
    assignableScopes: { type: 'string', list: true, required: true, minItems: 1, maxItems: 100, maxLength: 1024 },
  },
  ArmPermission: {
    actions: { type: 'string', list: true, maxItems: 1000, maxLength: 512 },
    notActions: { type: 'string', list: true, maxItems: 1000, maxLength: 512 },
    dataActions: { type: 'string', list: true, maxItems: 1000, maxLength: 512 },
    notDataActions: { type: 'string', list: true, maxItems: 1000, maxLength: 512 },
  },
} as const satisfies ShapeTable;
