import type { Instant } from '../../core/keys.ts';
import { parseAuthorization } from '../../wire/sharedKey.ts';
import { isGuid } from '../../wire/management/guid.ts';
import { ManagementError, type ManagementErrorCode } from '../../wire/management/errors.ts';
import { managementAudiences } from '../identity/audiences.ts';
import type { AssignedRoles } from '../identity/assignedRoles.ts';
import { TokenRefused, type TokenRefusal } from '../identity/tokenRefused.ts';
import type { Tokens } from '../identity/tokens.ts';
import type { Request } from '../plane.ts';
import { givesAction } from '../roles.ts';
import type { ManagementPlaneOptions } from './plane.ts';

const CODES: Readonly<Record<TokenRefusal, ManagementErrorCode>> = {
  malformed: 'InvalidAuthenticationToken',
  signature: 'InvalidAuthenticationToken',
  notYetValid: 'InvalidAuthenticationToken',
  issuer: 'InvalidAuthenticationTokenTenant',
  expired: 'ExpiredAuthenticationToken',
  audience: 'InvalidAuthenticationTokenAudience',
  keysUnavailable: 'AuthenticationFailed',
};

/** What any identity may ask, since its answer depends on nobody's roles: `az` does after a sign-in. */
const OPEN_PATHS = /^\/(subscriptions|tenants|providers)\/?$/i;

/**
 * Where deletions of groups and accounts, and creations of storage accounts, are polled: below the subscription, though
 * a role may be of the group alone. Nobody knows the id but who asked for it, and the answer says no more than how far
 * it is; a storage account itself is shown to who may read it.
 */
const POLLED = /^\/subscriptions\/[^/]+\/(?:operationresults\/|providers\/(?:Microsoft\.Storage\/locations\/[^/]+\/asyncoperations\/|Microsoft\.Batch\/locations\/[^/]+\/accountOperationResults\/\w+-))([^/]+)$/i;

function isOpen(path: string): boolean {
  return OPEN_PATHS.test(path) || isGuid(POLLED.exec(path)?.[1] ?? '');
}

/** Who asks the management plane, and what they may: tokens alone, no shared keys. */
export function managementAuthority({ tokens, roles, wallClock }: { readonly tokens: Tokens; readonly roles: AssignedRoles; readonly wallClock: () => Instant }): Pick<ManagementPlaneOptions, 'authenticate' | 'permits'> {
  return {
    authenticate: async ({ message, baseUrl }: Request) => {
      const { authorization } = message.headers;
      if (authorization === undefined) throw new ManagementError('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
      const credentials = /^Bearer /i.test(authorization) ? parseAuthorization(authorization) : { scheme: 'none' as const };
      if (credentials.scheme !== 'Bearer') throw new ManagementError('AuthenticationFailed', "Authentication failed. The 'Authorization' header is provided in an invalid format.");
      try {
        return { kind: 'identity', identity: await tokens.verify(credentials.token, { audiences: managementAudiences(baseUrl), now: wallClock() }) };
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        throw new ManagementError(CODES[error.refusal], error.message);
      }
    },
    permits: async (identity, action, path) => isOpen(path) || givesAction(await roles.at(identity, path), action),
  };
}
