import { listRegistrations, type Registration } from '../../../store/intents/directory.ts';
import { listResources, type ResourceRow } from '../../../store/intents/resources.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { OPERATOR } from '../wellKnown.ts';
import type { Principal } from './views.ts';

/** Of each kind. */
export const MOST_REGISTRATIONS = 1_000;

const OPERATORS: Principal = { objectId: OPERATOR.objectId, appId: OPERATOR.appId, displayName: OPERATOR.name, type: 'Application', createdAt: null };

/** All service principals of the tenant: the operator's, those of applications, those of managed identities. */
export async function servicePrincipals(database: Database): Promise<readonly Principal[]> {
  const [registrations, identities] = await Promise.all([
    listRegistrations(database, MOST_REGISTRATIONS),
    listResources(database, { type: 'Microsoft.ManagedIdentity/userAssignedIdentities', prefix: '', after: '', limit: MOST_REGISTRATIONS }),
  ]);
  return [OPERATORS, ...registrations.flatMap(principalOf), ...identities.map(principalOfIdentity)];
}

export function principalOf({ appId, displayName, principalId, createdAt }: Registration): readonly Principal[] {
  return principalId === null ? [] : [{ objectId: principalId, appId, displayName, type: 'Application', createdAt }];
}

function principalOfIdentity({ id, spec, createdAt }: ResourceRow): Principal {
  const { principalId, clientId } = JSON.parse(spec) as { readonly principalId: string; readonly clientId: string };
  return { objectId: principalId, appId: clientId, displayName: id.slice(id.lastIndexOf('/') + 1), type: 'ManagedIdentity', createdAt };
}
