import { LIMITS } from '../../../wire/limits.ts';
import type { ManagementParts } from '../call.ts';

/** How many accounts the subscription may have in one region. */
export function accountQuota({ directory }: Pick<ManagementParts, 'directory'>): number {
  return directory.accountQuota ?? LIMITS.accountsPerRegion;
}
