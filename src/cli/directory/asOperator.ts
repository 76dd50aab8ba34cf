import { MANAGEMENT_AUDIENCES, OPERATOR, TENANT_ID } from '../../api/identity/wellKnown.ts';
import { messageOf } from '../../base/errors.ts';
import { runningOn } from '../azure/running.ts';
import { CommandError, EXIT } from '../errors.ts';
import { refusalOf } from '../ownOperations.ts';
import { provideKeys } from '../service/data/keys.ts';

interface OperatorAsk {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the service's address on. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  /** Left out: Resource Manager. */
  readonly audience?: string;
}

/** Asks a service as its operator; the answer, or undefined where there is none. */
export type AsOperator = (ask: OperatorAsk) => Promise<unknown>;

/** For the service that runs on a data directory. @throws CommandError: failure for a refusal, notRunning. */
export function asOperator(dataDir: string | undefined): AsOperator {
  const { directory, record } = runningOn(dataDir);
  const tokenFor = async (audience: string): Promise<string> => {
    const { operatorSecret } = provideKeys(directory.keys, record.wellKnownKeys);
    const form = { grant_type: 'client_credentials', client_id: OPERATOR.appId, client_secret: operatorSecret, scope: `${audience}/.default` };
    const { access_token: token } = (await send(`${record.endpoint}/${TENANT_ID}/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams(form) })) as { readonly access_token: string };
    return token;
  };
  return async ({ method, path, body, audience = MANAGEMENT_AUDIENCES[0] ?? '' }) => {
    const authorization = `Bearer ${await tokenFor(audience)}`;
    const sent = body === undefined ? { headers: { authorization } } : { headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return send(`${record.endpoint}${path}`, { method, ...sent });
  };
}

async function send(url: string, request: RequestInit): Promise<unknown> {
  const answer = await fetch(url, request).catch((cause: unknown) => {
    throw new CommandError(EXIT.notRunning, `${new URL(url).origin} does not answer: ${messageOf(cause)}`);
  });
  const text = await answer.text();
  if (!answer.ok) throw new CommandError(EXIT.failure, sentenceOf(text) ?? refusalOf(text) ?? `the service answers ${answer.status}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** What is wrong, without the numbers that follow; undefined: the answer says nothing. */
function sentenceOf(text: string): string | undefined {
  try {
    const { error, error_description: description } = JSON.parse(text) as { readonly error?: { readonly message?: string } | string; readonly error_description?: string };
    return description?.replace(/^AADSTS\d+: /, '').replace(/ Trace ID: .*$/, '') ?? (typeof error === 'object' ? error.message : undefined);
  } catch {
    return undefined;
  }
}
