import { findResource } from '../../../store/intents/resources.ts';
import { BatchError, checkDistinct } from '../../../wire/errors.ts';
import { lowerAscii } from '../../../wire/letters.ts';
import type { ManagementCall, ManagementParts } from '../call.ts';
import { requireLinked } from '../linked.ts';
import { MANAGED_IDENTITY_TYPE, managedIdentitySpec } from './handlers.ts';

/** An identity that a resource is given, by its id as it was sent, with what the service knows of it. */
interface AssignedIdentity {
  readonly resourceId: string;
  /** Left out: the service has no identity of that id. */
  readonly principalId?: string;
  readonly clientId?: string;
}

/**
 * Those that a request names as the keys of `userAssignedIdentities`; null takes one away. @throws BatchError
 * MissingRequiredProperty where there is none, InvalidPropertyValue for one that is named twice; ManagementError
 * LinkedAuthorizationFailed for one that is not the caller's to give.
 */
export async function assignedIdentities(named: Readonly<Record<string, unknown>> | undefined, call: ManagementCall, parts: ManagementParts): Promise<readonly AssignedIdentity[]> {
  const ids = Object.entries(named ?? {}).flatMap(([id, value]) => (value === null ? [] : [id]));
  if (ids.length === 0) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'userAssignedIdentities' }]);
  checkDistinct('userAssignedIdentities', Object.keys(named ?? {}).map(lowerAscii));
  await requireLinked('identity', ids, call, parts);
  return Promise.all(
    ids.map(async (resourceId): Promise<AssignedIdentity> => {
      const row = await findResource(parts.data.database, resourceId);
      if (row?.type !== MANAGED_IDENTITY_TYPE.toLowerCase()) return { resourceId };
      const { principalId, clientId } = managedIdentitySpec(row);
      return { resourceId, principalId, clientId };
    }),
  );
}
