import type { ShapeTable } from '../../shapes/definition.ts';

/** Role assignments (Microsoft.Authorization, 2022-04-01). Conditions are not evaluated here, so there are none. */
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
} as const satisfies ShapeTable;
