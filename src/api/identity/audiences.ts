import { BATCH_AUDIENCE, MANAGEMENT_AUDIENCES } from './wellKnown.ts';

/**
 * Services of Azure whose tokens are given, beside Batch and Resource Manager: clients of theirs work against what
 * stands in for them here.
 */
const OTHER_AUDIENCES: readonly string[] = [
  'https://batch.chinacloudapi.cn/',
  'https://batch.core.usgovcloudapi.net/',
  'https://storage.azure.com/',
  'https://graph.microsoft.com/',
  'https://graph.windows.net/',
];

const KNOWN: ReadonlySet<string> = new Set([BATCH_AUDIENCE, ...MANAGEMENT_AUDIENCES, ...OTHER_AUDIENCES].map(bare));

/**
 * Tokens are given for these audiences: services of Azure, storage accounts by their own names, and this service by the
 * name that the client calls it (`baseUrl`), also with a path below it (`/graph`).
 */
export function isKnownAudience(audience: string, baseUrl: string): boolean {
  if (KNOWN.has(bare(audience))) return true;
  if (!URL.canParse(audience)) return false;
  const { host, hostname } = new URL(audience);
  return host === new URL(baseUrl).host || hostname.includes('.blob.core.');
}

/** Whom a token has to be for that is shown to the data plane; `az` in Azure's shell sends one for Resource Manager. */
export function dataAudiences(baseUrl: string): readonly string[] {
  return [BATCH_AUDIENCE, ...MANAGEMENT_AUDIENCES, ...ownAudiences(baseUrl)];
}

/**
 * Whom a token has to be for that is shown to Resource Manager: clients also ask for the endpoint that they were given.
 */
export function managementAudiences(baseUrl: string): readonly string[] {
  return [...MANAGEMENT_AUDIENCES, ...ownAudiences(baseUrl)];
}

/** Whom a token has to be for that is shown to the directory. */
export function graphAudiences(baseUrl: string): readonly string[] {
  return ['https://graph.microsoft.com', ...ownAudiences(`${baseUrl}/graph`)];
}

function ownAudiences(baseUrl: string): readonly string[] {
  return ['http:', 'https:'].map((scheme) => baseUrl.replace(/^https?:/, scheme));
}

/** Scopes that ask for something of the user, and for no audience. */
const USER_SCOPES: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access']);

/**
 * The audience of a `scope`: `https://batch.core.windows.net//.default`, whose audience itself ends with a slash, or
 * `https://management.azure.com/user_impersonation`. Null: it names none, or one that is no address.
 */
export function audienceOfScope(scope: string): { readonly audience: string; readonly permission: string } | null {
  const asked = scope.split(' ').find((one) => one !== '' && !USER_SCOPES.has(one));
  const end = asked?.lastIndexOf('/') ?? -1;
  if (asked === undefined || end <= 0) return null;
  const audience = asked.slice(0, end);
  return URL.canParse(audience) ? { audience, permission: asked.slice(end + 1) } : null;
}

function bare(audience: string): string {
  return audience.replace(/\/+$/, '');
}
