import { REFUSED } from './accepted.ts';
import { createContract } from './contract/contract.ts';
import { rules } from './rules.ts';
import { ENUMS, YOUNG_VALUES } from './shapes/enums.ts';
import { shapes } from './shapes/index.ts';
import type { Shapes } from './types.generated.ts';

/** The name of a shape of the data plane. */
export type ShapeName = keyof Shapes;

/** Names of types as the service's errors have them (recorded). */
export const TYPE_NAMESPACE = 'Microsoft.Azure.Batch.Protocol.Entities';

/** How the data plane of Azure Batch reads requests and writes answers. */
export const dataContract = createContract<Shapes>({ typeNamespace: TYPE_NAMESPACE, shapes, enums: ENUMS, youngValues: YOUNG_VALUES, rules, refused: REFUSED });
