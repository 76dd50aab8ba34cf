import { batchHost, blobHost, HOST_SUFFIX } from '../../api/hostNames.ts';
import { identityHeader } from '../../api/identity/options.ts';
import { MANAGED_TOKEN_PATH } from '../../wire/managedTokens.ts';
import { DEFAULT_SUBSCRIPTION_ID, MANAGEMENT_AUDIENCES } from '../../api/identity/wellKnown.ts';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { provideKeys } from '../service/data/keys.ts';
import { runningOn, type Running } from './running.ts';

const API_VERSION = '2025-06-01';

interface Listed {
  readonly name: string;
  readonly location: string;
}

/** `linarite hosts`: lines for a hosts file, one for each account. @throws CommandError */
export async function hosts({ dataDir }: { readonly dataDir?: string }): Promise<void> {
  const running = runningOn(dataDir);
  const suffix = running.record.options.hostSuffix ?? HOST_SUFFIX;
  const { hostname } = new URL(running.record.endpoint);
  const address = hostname === 'localhost' ? '127.0.0.1' : hostname;
  const token = await tokenOf(running);
  const batch = await list('Microsoft.Batch/batchAccounts', running, token);
  const storage = await list('Microsoft.Storage/storageAccounts', running, token);
  for (const { name, location } of batch) console.log(`${address}\t${batchHost(name, location, suffix)}`);
  for (const { name } of storage) console.log(`${address}\t${blobHost(name, suffix)}`);
}

/** As the operator, who needs no sign-in on this machine. */
async function tokenOf({ directory, record }: Running): Promise<string> {
  const [resource = ''] = MANAGEMENT_AUDIENCES;
  const secret = identityHeader(provideKeys(directory.keys, record.wellKnownKeys).operatorSecret);
  const query = new URLSearchParams({ resource, 'api-version': '2019-08-01' });
  const { access_token: token } = await answered<{ readonly access_token: string }>(`${record.endpoint}${MANAGED_TOKEN_PATH}?${query.toString()}`, { 'x-identity-header': secret });
  return token;
}

async function list(type: string, { record }: Running, token: string): Promise<readonly Listed[]> {
  const found: Listed[] = [];
  for (let url: string | undefined = `${record.endpoint}/subscriptions/${DEFAULT_SUBSCRIPTION_ID}/providers/${type}?api-version=${API_VERSION}`; url !== undefined; ) {
    const page: { readonly value: readonly Listed[]; readonly nextLink?: string } = await answered(url, { authorization: `Bearer ${token}` });
    found.push(...page.value);
    url = page.nextLink;
  }
  return found;
}

async function answered<Answer>(url: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  let answer: Response;
  try {
    answer = await fetch(url, { headers });
  } catch (cause) {
    throw new CommandError(EXIT.notRunning, `${new URL(url).origin} does not answer: ${messageOf(cause)}`);
  }
  if (!answer.ok) throw new CommandError(EXIT.failure, `${new URL(url).origin} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Answer;
}
