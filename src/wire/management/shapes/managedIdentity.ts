import type { ShapeTable } from '../../shapes/definition.ts';

/** User-assigned identities (Microsoft.ManagedIdentity, 2023-01-31). */
export const MANAGED_IDENTITY_SHAPES = {
  ArmUserAssignedIdentity: {
    location: { type: 'string', required: true, minLength: 1, maxLength: 64 },
    tags: { type: 'map' },
  },
  ArmUserAssignedIdentityUpdate: {
    location: { type: 'string' },
    tags: { type: 'map' },
  },
} as const satisfies ShapeTable;
