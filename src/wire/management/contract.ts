import { createContract } from '../contract/contract.ts';
import { MANAGEMENT_REFUSED } from './refused.ts';
import { MANAGEMENT_ENUMS } from './shapes/enums.ts';
import { managementShapes } from './shapes/index.ts';
import type { Shapes } from './types.generated.ts';

/** How the management plane reads requests and writes answers. */
export const managementContract = createContract<Shapes>({
  typeNamespace: 'Microsoft.Batch',
  shapes: managementShapes,
  enums: MANAGEMENT_ENUMS,
  youngValues: { ArmIdentityType: { UserAssigned: { since: 14, before: 'None' } } },
  rules: {},
  refused: MANAGEMENT_REFUSED,
});
