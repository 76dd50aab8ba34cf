import { lowerAscii } from '../../wire/letters.ts';
import { MANAGED_TOKEN_PATH } from '../../wire/managedTokens.ts';
import type { Authority } from './documents.ts';
import { GRAPH_ROOT } from './graph/serve.ts';

type AuthorityPath = 'configuration' | 'keys' | 'token' | 'deviceCode' | 'authorize' | 'signOut';

/** What a path of the identity plane asks for. */
export type IdentityPath =
  | { readonly kind: 'cloudMetadata' }
  | { readonly kind: 'managedToken'; readonly form: 'imds' | 'appService' }
  | { readonly kind: 'instanceDiscovery' }
  | { readonly kind: 'deviceLogin' }
  | { readonly kind: 'graph' }
  | { readonly kind: 'approval'; readonly userCode: string }
  | { readonly kind: 'keyRotation' }
  | { readonly kind: AuthorityPath; readonly authority: Authority };

const FIXED: Readonly<Record<string, IdentityPath>> = {
  '/metadata/endpoints': { kind: 'cloudMetadata' },
  '/metadata/identity/oauth2/token': { kind: 'managedToken', form: 'imds' },
  [MANAGED_TOKEN_PATH]: { kind: 'managedToken', form: 'appService' },
  '/devicelogin': { kind: 'deviceLogin' },
  // Our own.
  '/linarite/identity/keys/rotate': { kind: 'keyRotation' },
  '/common/discovery/instance': { kind: 'instanceDiscovery' },
};

/** Below an authority: `/adfs`, `/adfs/TENANT`, `/TENANT`, `/TENANT/v2.0`. */
const BELOW: Readonly<Record<string, AuthorityPath>> = {
  '.well-known/openid-configuration': 'configuration',
  'discovery/keys': 'keys',
  'discovery/v2.0/keys': 'keys',
  'oauth2/token': 'token',
  'oauth2/v2.0/token': 'token',
  'oauth2/devicecode': 'deviceCode',
  'oauth2/v2.0/devicecode': 'deviceCode',
  'oauth2/authorize': 'authorize',
  'oauth2/v2.0/authorize': 'authorize',
  'oauth2/logout': 'signOut',
  'oauth2/v2.0/logout': 'signOut',
};

const AUTHORITY = /^\/(?:(adfs)(?:\/([^/]+))??|([^/]+?))(?:\/(v2\.0))?\/((?:\.well-known|discovery|oauth2)\/.+)$/;

/** Our own: `POST /linarite/identity/devices/CODE`. */
const APPROVAL = /^\/linarite\/identity\/devices\/([a-z0-9]{1,32})$/;

/** Paths compare without regard to case, and with a slash at their end or not; undefined: another plane's. */
export function identityPath(path: string): IdentityPath | undefined {
  // Terraform's provider begins one of them with two slashes.
  const plain = lowerAscii(path).replace(/\/$/, '').replace(/^\/+/, '/');
  if (Object.hasOwn(FIXED, plain)) return FIXED[plain];
  if (plain.startsWith(`${GRAPH_ROOT}/`)) return { kind: 'graph' };
  const [, userCode] = APPROVAL.exec(plain) ?? [];
  if (userCode !== undefined) return { kind: 'approval', userCode };
  const [, adfs, below = 'common', tenant = below, version, rest = ''] = AUTHORITY.exec(plain) ?? [];
  const kind = Object.hasOwn(BELOW, rest) ? BELOW[rest] : undefined;
  if (kind === undefined) return undefined;
  return { kind, authority: { kind: adfs === undefined ? 'tenant' : 'adfs', tenant, version: version === undefined && !rest.includes('v2.0') ? 1 : 2 } };
}
