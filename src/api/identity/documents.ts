import { BATCH_AUDIENCE, MANAGEMENT_AUDIENCES, TENANT_ID } from './wellKnown.ts';
import { issuerAt } from './tokens.ts';

/**
 * What clients ask before they have a token. `url`: where they reach the service over TLS, no slash at its end.
 *
 * Authorities end with `/adfs` where clients have a choice: MSAL asks Microsoft about any authority that it does not
 * know, unless its last segment is that.
 */
export interface Place {
  readonly url: string;
}

/** An authority as its path names it: `adfs`, or a tenant; `version` 2 with `/v2.0` in its paths. */
export interface Authority {
  readonly kind: 'adfs' | 'tenant';
  readonly tenant: string;
  readonly version: 1 | 2;
}

/** OpenID Connect Discovery 1.0, 3; the issuer's path begins with the tenant, which `az` reads there. */
export function openIdConfiguration({ url }: Place, { kind, tenant, version }: Authority): object {
  const base = kind === 'adfs' ? `${url}/adfs` : `${url}/${tenant}`;
  const oauth = kind === 'tenant' && version === 2 ? `${base}/oauth2/v2.0` : `${base}/oauth2`;
  return {
    issuer: issuerAt(url),
    authorization_endpoint: `${oauth}/authorize`,
    token_endpoint: `${oauth}/token`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    jwks_uri: `${base}/discovery/keys`,
    end_session_endpoint: `${oauth}/logout`,
    response_types_supported: ['code'],
    response_modes_supported: ['query', 'fragment', 'form_post'],
    grant_types_supported: ['authorization_code', 'client_credentials', 'password', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic', 'private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS256', 'PS256', 'ES256'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'profile', 'offline_access'],
    claims_supported: ['aud', 'iss', 'iat', 'nbf', 'exp', 'sub', 'oid', 'tid', 'appid', 'name', 'upn', 'preferred_username', 'nonce'],
    tenant_region_scope: null,
  };
}

/** Which hosts are the same authority, as MSAL asks it. */
export function instanceDiscovery({ url }: Place): object {
  const { host } = new URL(url);
  return {
    tenant_discovery_endpoint: `${url}/${TENANT_ID}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  };
}

/** The newest version whose answer has the older members, and the first that has one cloud in place of a list. */
const [OLD_UNTIL, ONE_FROM] = ['2018-12-31', '2022-09-01'] as const;

/**
 * Where a cloud has its services, as `az cloud register`, `ARM_CLOUD_METADATA_URL` and Terraform's provider read it.
 * `version`: a date; those from 2019 to 2021 answer with a list of clouds.
 */
export function cloudMetadata({ url }: Place, version: string): object {
  if (version <= OLD_UNTIL) return oldMetadata(url);
  return version < ONE_FROM ? [cloud(url)] : cloud(url);
}

function oldMetadata(url: string): object {
  return {
    galleryEndpoint: `${url}/gallery`,
    graphEndpoint: `${url}/graph`,
    portalEndpoint: `${url}/portal`,
    authentication: { loginEndpoint: `${url}/adfs`, audiences: MANAGEMENT_AUDIENCES },
  };
}

/** Names that only `*.localhost` resolves: nothing stands behind those that are of other services. */
function cloud(url: string): object {
  return {
    name: 'Linarite',
    portal: `${url}/portal`,
    authentication: { loginEndpoint: `${url}/adfs`, audiences: MANAGEMENT_AUDIENCES, tenant: TENANT_ID, identityProvider: 'ADFS' },
    resourceManager: `${url}/`,
    batch: BATCH_AUDIENCE,
    gallery: `${url}/gallery`,
    graphAudience: `${url}/graph`,
    graph: `${url}/graph`,
    microsoftGraphResourceId: `${url}/graph`,
    media: `${url}/media`,
    sqlManagement: `${url}/sql`,
    vmImageAliasDoc: `${url}/images`,
    activeDirectoryDataLake: `${url}/datalake`,
    suffixes: {
      storage: 'core.localhost',
      keyVaultDns: 'vault.localhost',
      sqlServerHostname: 'database.localhost',
      azureDataLakeStoreFileSystem: 'azuredatalakestore.localhost',
      azureDataLakeAnalyticsCatalogAndJob: 'azuredatalakeanalytics.localhost',
      acrLoginServer: 'azurecr.localhost',
    },
  };
}
