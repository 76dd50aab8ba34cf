import { lowerAscii } from '../../wire/letters.ts';
import { OAuthError } from './oauthError.ts';
import { TENANT_ID } from './wellKnown.ts';

/**
 * The tenant's names beside its id: what an authority's path has where any tenant will do, and how people may call it.
 */
const TENANT_NAMES: ReadonlySet<string> = new Set([TENANT_ID, 'common', 'organizations', 'consumers', 'linarite', 'linarite.onmicrosoft.com']);

/** @throws OAuthError for a tenant that is not this service's. */
export function checkTenant(named: string): void {
  if (!TENANT_NAMES.has(lowerAscii(named))) throw new OAuthError('tenantNotFound', `Tenant '${named.slice(0, 64)}' not found. This service has the tenant '${TENANT_ID}' alone.`);
}
