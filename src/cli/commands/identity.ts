import { MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../api/identity/wellKnown.ts';
import { messageOf } from '../../base/errors.ts';
import { CommandError, EXIT } from '../errors.ts';
import { hint } from '../hint.ts';
import { provideKeys } from '../service/data/keys.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { runningService } from '../service/data/record.ts';

/** `linarite identity approve CODE`. @throws CommandError: failure where no sign-in waits with the code, notRunning. */
export async function approve(code: string, { dataDir }: { readonly dataDir?: string }): Promise<void> {
  const path = dataDirectoryPath(dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || record === undefined) throw new CommandError(EXIT.notRunning, `no service runs on ${path}: start one with ${hint('up --detach', dataDir)}`);
  const { operatorSecret } = provideKeys(directory.keys, record.wellKnownKeys);
  const form = { grant_type: 'client_credentials', client_id: OPERATOR.appId, client_secret: operatorSecret, scope: `${MANAGEMENT_AUDIENCES[0]}/.default` };
  const { access_token: token } = (await post(`${record.endpoint}/${TENANT_ID}/oauth2/v2.0/token`, { body: new URLSearchParams(form) })) as { readonly access_token: string };
  await post(`${record.endpoint}/linarite/identity/devices/${encodeURIComponent(code.trim())}`, { headers: { authorization: `Bearer ${token}` } });
  console.log(`the sign-in with the code ${code.trim().toUpperCase()} goes on`);
}

async function post(url: string, request: RequestInit): Promise<unknown> {
  const answer = await fetch(url, { method: 'POST', ...request }).catch((cause: unknown) => {
    throw new CommandError(EXIT.notRunning, `${new URL(url).origin} does not answer: ${messageOf(cause)}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new CommandError(EXIT.failure, sentenceOf(text) ?? `the service answers ${answer.status}`);
  return JSON.parse(text);
}

/** What is wrong, without the numbers that follow; undefined: the answer says nothing. */
function sentenceOf(text: string): string | undefined {
  try {
    const { error_description: description } = JSON.parse(text) as { readonly error_description?: string };
    return description?.replace(/^AADSTS\d+: /, '').replace(/ Trace ID: .*$/, '');
  } catch {
    return undefined;
  }
}
