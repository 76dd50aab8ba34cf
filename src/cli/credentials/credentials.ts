import { createHmac } from 'node:crypto';
import { stringsToSign, type SignedRequest } from '../../wire/sharedKey.ts';
import { CommandError, EXIT } from '../errors.ts';
import { azToken, hasAz, principalToken } from './tokens.ts';

/** Who asks an account. */
export type Credentials =
  | { readonly kind: 'key'; readonly account: string; /** Base64. */ readonly key: string }
  | { readonly kind: 'token'; /** One that is good for some minutes more. @throws CommandError */ readonly token: () => Promise<string> };

/** The value of the header Authorization for a request. @throws CommandError failure: no token is given. */
export async function authorizationOf(credentials: Credentials, request: SignedRequest): Promise<string> {
  switch (credentials.kind) {
    case 'token':
      return `Bearer ${await credentials.token()}`;
    case 'key': {
      const { account, key } = credentials;
      const [toSign = ''] = stringsToSign(request, account);
      return `SharedKey ${account}:${createHmac('sha256', Buffer.from(key, 'base64')).update(toSign, 'utf8').digest('base64')}`;
    }
  }
}

/** What flags and environment say of who asks. */
export interface Named {
  /** Undefined: nothing says it. */
  readonly account: string | undefined;
  readonly key: string | undefined;
  /** Of the account. */
  readonly endpoint: URL;
}

/**
 * The key where there is one; else a token: of the service principal that the environment names
 * (`AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, `AZURE_CLIENT_SECRET`), or of whoever is signed in with `az`. @throws
 * CommandError usage: nothing of it is there; it says how to get it.
 */
export function credentialsOf({ account, key, endpoint }: Named, environment: NodeJS.ProcessEnv): Credentials {
  if (key !== undefined && key !== '') {
    if (account === undefined) throw new CommandError(EXIT.usage, `${endpoint.host} does not say the account: give --account, or set AZURE_BATCH_ACCOUNT`);
    return { kind: 'key', account, key };
  }
  const { AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: client, AZURE_CLIENT_SECRET: secret, AZURE_AUTHORITY_HOST: authority } = environment;
  if (tenant !== undefined && client !== undefined && secret !== undefined) return { kind: 'token', token: principalToken({ tenant, client, secret, authority }) };
  if (hasAz(environment)) return { kind: 'token', token: azToken(environment) };
  const name = account ?? 'ACCOUNT';
  throw new CommandError(
    EXIT.usage,
    `nobody is named who may ask ${endpoint.host}: set AZURE_BATCH_ACCESS_KEY (az batch account keys list -n ${name} -g GROUP --query primary -o tsv), or give --key-file; ` +
      'or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or sign in with az login',
  );
}

/** `NAME.REGION.batch.azure.com`, also of other clouds; undefined: the host does not say the account. */
export function accountInHost({ hostname }: URL): string | undefined {
  return /^([a-z0-9]{3,24})\.[a-z0-9]+\.batch\./.exec(hostname)?.[1];
}
