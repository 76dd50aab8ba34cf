import { BATCH_AUDIENCE, TENANT_ID } from './wellKnown.ts';

/** How a client of the data plane gets a token (`WWW-Authenticate`), as other services of Azure say it. */
export function batchChallenge(baseUrl: string): string {
  return `Bearer authorization_uri="${authorityAt(baseUrl)}", resource_id="${BATCH_AUDIENCE}"`;
}

/** As Azure Resource Manager says it. */
export function managementChallenge(baseUrl: string): string {
  return `Bearer authorization_uri="${authorityAt(baseUrl)}", error="invalid_token", error_description="The access token is missing or is not valid."`;
}

/** As Microsoft Graph says it. */
export function graphChallenge(baseUrl: string): string {
  return `Bearer realm="", authorization_uri="${authorityAt(baseUrl)}/oauth2/authorize"`;
}

function authorityAt(baseUrl: string): string {
  return `${baseUrl.replace(/^http:/, 'https:')}/${TENANT_ID}`;
}
