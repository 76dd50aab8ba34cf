import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DEFAULT_SUBSCRIPTION_ID } from '../../api/identity/wellKnown.ts';
import { messageOf } from '../../base/errors.ts';
import { asOperator, type AsOperator } from '../directory/asOperator.ts';
import { CommandError, EXIT } from '../errors.ts';
import { quoteForShell } from '../../base/shellWords.ts';

export interface IdentityOptions {
  readonly dataDir?: string;
}

export interface CreateIdentityOptions extends IdentityOptions {
  readonly role?: string;
  readonly scope?: string;
  /** A file (PEM). */
  readonly certificate?: string;
  /** How long its secret lasts. */
  readonly days: number;
}

/** `linarite identity approve CODE`. @throws CommandError: failure where no sign-in waits with the code, notRunning. */
export async function approve(code: string, { dataDir }: IdentityOptions): Promise<void> {
  await asOperator(dataDir)({ method: 'POST', path: `/linarite/identity/devices/${encodeURIComponent(code.trim())}` });
  console.log(`the sign-in with the code ${code.trim().toUpperCase()} goes on`);
}

/** `linarite identity rotate-keys`. @throws CommandError */
export async function rotateKeys({ dataDir, forgetOld }: IdentityOptions & { readonly forgetOld?: boolean }): Promise<void> {
  const { kid } = (await asOperator(dataDir)({ method: 'POST', path: `/linarite/identity/keys/rotate${forgetOld === true ? '?old=forgotten' : ''}` })) as { readonly kid: string };
  console.log(forgetOld === true ? `tokens are signed by the key ${kid}; all former ones are refused` : `tokens are signed by the key ${kid}; former ones are taken until they expire, a day at most`);
}

interface Application {
  readonly id: string;
  readonly appId: string;
  readonly displayName: string;
  readonly passwordCredentials: readonly { readonly endDateTime: string }[];
  readonly keyCredentials: readonly { readonly endDateTime: string }[];
}

const DAY_MS = 86_400_000;

/** `linarite identity create`: an application with a service principal; prints how it signs in. @throws CommandError */
export async function create(displayName: string, { dataDir, role, scope = `/subscriptions/${DEFAULT_SUBSCRIPTION_ID}`, certificate, days }: CreateIdentityOptions): Promise<void> {
  const ask = asOperator(dataDir);
  // Before anything is made.
  const roleId = role === undefined ? undefined : await roleNamed(ask, role, scope);
  const keyCredentials = certificate === undefined ? [] : [{ key: readCertificateFile(certificate) }];
  const made = (await graph(ask, 'POST', '/applications', { displayName, keyCredentials })) as Application;
  const principal = (await graph(ask, 'POST', '/servicePrincipals', { appId: made.appId })) as { readonly id: string };
  if (roleId !== undefined) {
    const path = `${scope.replace(/\/$/, '')}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
    await ask({ method: 'PUT', path, body: { properties: { roleDefinitionId: roleId, principalId: principal.id, principalType: 'ServicePrincipal' } } });
  }
  const environment: Record<string, string> = { AZURE_TENANT_ID: 'adfs', AZURE_CLIENT_ID: made.appId };
  if (certificate === undefined) {
    const endDateTime = new Date(Date.now() + days * DAY_MS).toISOString();
    const { secretText } = (await graph(ask, 'POST', `/applications/${made.id}/addPassword`, { passwordCredential: { endDateTime } })) as { readonly secretText: string };
    environment['AZURE_CLIENT_SECRET'] = secretText;
  }
  console.error(`made ${displayName}, with the object id ${principal.id}${role === undefined ? ' and no role' : ` and the role ${role}`}${certificate === undefined ? '; its secret is shown this once' : ''}`);
  for (const [name, value] of Object.entries(environment)) console.log(`export ${name}=${quoteForShell(value)}`);
}

/** `linarite identity list`. @throws CommandError */
export async function list({ dataDir, json }: IdentityOptions & { readonly json?: boolean }): Promise<void> {
  const all = await applications(asOperator(dataDir));
  if (json === true) {
    console.log(JSON.stringify(all, undefined, 2));
    return;
  }
  for (const { appId, displayName, passwordCredentials, keyCredentials } of all) {
    const credentials = [...passwordCredentials.map(({ endDateTime }) => `secret until ${endDateTime}`), ...keyCredentials.map(({ endDateTime }) => `certificate until ${endDateTime}`)];
    console.log(`${appId}  ${displayName}  ${credentials.length === 0 ? 'no credential' : credentials.join(', ')}`);
  }
}

/** `linarite identity delete`: by its application's id or its name. @throws CommandError */
export async function remove(named: string, { dataDir }: IdentityOptions): Promise<void> {
  const ask = asOperator(dataDir);
  const [found, ...others] = (await applications(ask)).filter(({ appId, displayName }) => appId === named.toLowerCase() || displayName === named);
  if (found === undefined) throw new CommandError(EXIT.failure, `there is no service principal '${named}'`);
  if (others.length > 0) throw new CommandError(EXIT.failure, `several service principals are called '${named}': name one by its application's id`);
  await graph(ask, 'DELETE', `/applications/${found.id}`);
}

async function applications(ask: AsOperator): Promise<readonly Application[]> {
  return ((await graph(ask, 'GET', '/applications')) as { readonly value: readonly Application[] }).value;
}

function graph(ask: AsOperator, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> {
  return ask({ method, path: `/graph/v1.0${path}`, audience: 'https://graph.microsoft.com', ...(body === undefined ? {} : { body }) });
}

async function roleNamed(ask: AsOperator, name: string, scope: string): Promise<string> {
  const filter = encodeURIComponent(`roleName eq '${name.replaceAll("'", "''")}'`);
  const { value } = (await ask({ method: 'GET', path: `${scope.replace(/\/$/, '')}/providers/Microsoft.Authorization/roleDefinitions?api-version=2022-04-01&$filter=${filter}` })) as { readonly value: readonly { readonly id: string }[] };
  const [found] = value;
  if (found === undefined) throw new CommandError(EXIT.failure, `there is no role '${name}'`);
  return found.id;
}

function readCertificateFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.usage, `the certificate cannot be read: ${messageOf(error)}`);
  }
}
