import { randomBytes } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Identity } from './identity.ts';
import { TokenRefused } from './tokenRefused.ts';

/** The claims by which tokens of Entra (version 1.0) tell whose they are. */
export function identityClaims(identity: Identity): JWTPayload {
  const { objectId, tenantId, appId } = identity;
  const common = { oid: objectId, sub: objectId, tid: tenantId, ver: '1.0', uti: randomBytes(16).toString('base64url'), ...(appId === undefined ? {} : { appid: appId, appidacr: '1' }) };
  return { ...common, ...kindClaims(identity) };
}

function kindClaims({ kind, name, resourceId }: Identity): JWTPayload {
  switch (kind) {
    case 'servicePrincipal':
      return { idtyp: 'app', app_displayname: name };
    case 'managedIdentity':
      return { idtyp: 'app', app_displayname: name, xms_mirid: resourceId ?? name };
    case 'user':
      return { idtyp: 'user', name, upn: name, unique_name: name, scp: 'user_impersonation' };
  }
}

/**
 * Whose verified token it is. Tokens of version 2.0 name the application `azp`; other issuers may have `sub` alone.
 * @throws TokenRefused for a token that names nobody.
 */
export function identityOf(claims: JWTPayload): Identity {
  const objectId = text(claims, 'oid') ?? claims.sub;
  if (objectId === undefined) throw new TokenRefused('malformed', "The claim 'oid' of the access token is missing.");
  const appId = text(claims, 'appid') ?? text(claims, 'azp');
  const resourceId = text(claims, 'xms_mirid');
  const isApplication = text(claims, 'idtyp') === 'app' || (text(claims, 'scp') === undefined && appId !== undefined);
  const name = ['upn', 'preferred_username', 'app_displayname', 'name'].map((claim) => text(claims, claim)).find((found) => found !== undefined);
  return {
    objectId,
    tenantId: text(claims, 'tid') ?? '',
    kind: resourceId !== undefined ? 'managedIdentity' : isApplication ? 'servicePrincipal' : 'user',
    name: name ?? appId ?? objectId,
    ...(appId === undefined ? {} : { appId }),
    ...(resourceId === undefined ? {} : { resourceId }),
  };
}

function text(claims: JWTPayload, name: string): string | undefined {
  const value = claims[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
