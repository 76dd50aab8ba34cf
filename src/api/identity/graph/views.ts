import { X509Certificate } from 'node:crypto';
import type { ApplicationCredential, Registration } from '../../../store/intents/directory.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import { OPERATOR_USER, TENANT_ID } from '../wellKnown.ts';

/** A service principal of the tenant: of an application, or of a managed identity. */
export interface Principal {
  readonly objectId: string;
  readonly appId: string;
  readonly displayName: string;
  readonly type: 'Application' | 'ManagedIdentity';
  readonly createdAt: number | null;
}

export function applicationView({ objectId, appId, displayName, createdAt }: Registration, credentials: readonly ApplicationCredential[]): object {
  return { id: objectId, appId, displayName, createdDateTime: formatTimestamp(createdAt), signInAudience: 'AzureADMyOrg', publisherDomain: 'linarite.onmicrosoft.com', identifierUris: [], ...credentialViews(objectId, credentials) };
}

export function principalView({ objectId, appId, displayName, type, createdAt }: Principal, credentials: readonly ApplicationCredential[]): object {
  return {
    '@odata.type': '#microsoft.graph.servicePrincipal',
    id: objectId,
    appId,
    displayName,
    appDisplayName: displayName,
    accountEnabled: true,
    appOwnerOrganizationId: TENANT_ID,
    createdDateTime: createdAt === null ? null : formatTimestamp(createdAt),
    servicePrincipalType: type,
    servicePrincipalNames: [appId],
    ...credentialViews(objectId, credentials),
  };
}

/** No secret, and of a certificate its thumbprint alone. */
function credentialViews(holder: string, credentials: readonly ApplicationCredential[]): object {
  const own = credentials.filter((credential) => credential.holder === holder);
  return { passwordCredentials: own.filter(({ kind }) => kind === 'secret').map(secretView), keyCredentials: own.filter(({ kind }) => kind === 'certificate').map(certificateView) };
}

export function secretView(credential: ApplicationCredential): object {
  return { ...common(credential), customKeyIdentifier: null, hint: credential.hint, secretText: null };
}

function certificateView(credential: ApplicationCredential): object {
  const thumbprint = new X509Certificate(credential.proof).fingerprint.replaceAll(':', '');
  return { ...common(credential), customKeyIdentifier: thumbprint, key: null, type: 'AsymmetricX509Cert', usage: 'Verify' };
}

function common({ keyId, displayName, startsAt, endsAt }: ApplicationCredential): object {
  return { keyId, displayName, startDateTime: formatTimestamp(startsAt), endDateTime: formatTimestamp(endsAt) };
}

/** The one user of the tenant. */
export const USER_VIEW = { '@odata.type': '#microsoft.graph.user', id: OPERATOR_USER.objectId, displayName: 'operator', userPrincipalName: OPERATOR_USER.name, mail: null };
