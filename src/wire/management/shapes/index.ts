import type { ShapeTable } from '../../shapes/definition.ts';
import { ACCOUNT_SHAPES } from './account.ts';
import { APPLICATION_SHAPES } from './application.ts';
import { GROUP_SHAPES } from './group.ts';
import { MANAGED_IDENTITY_SHAPES } from './managedIdentity.ts';
import { POOL_SHAPES } from './pool.ts';
import { ROLE_ASSIGNMENT_SHAPES } from './roleAssignment.ts';
import { STORAGE_SHAPES } from './storage.ts';

/** Every shape of the management plane: the one source of validation, of answers and of `types.generated.ts`. */
export const managementShapes = {
  ...GROUP_SHAPES,
  ...STORAGE_SHAPES,
  ...MANAGED_IDENTITY_SHAPES,
  ...ROLE_ASSIGNMENT_SHAPES,
  ...ACCOUNT_SHAPES,
  ...POOL_SHAPES,
  ...APPLICATION_SHAPES,
} as const satisfies ShapeTable;
