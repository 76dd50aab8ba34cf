import { messageOf } from '../base/errors.ts';
import { accountInHost, authorizationOf, credentialsOf, type Credentials } from './credentials/credentials.ts';
import { CommandError, EXIT } from './errors.ts';
import { hint } from './hint.ts';
import { type DataDirectory, dataDirectoryPath, findDataDirectory } from './service/data/dataDirectory.ts';
import { type ServiceRecord, runningService } from './service/data/record.ts';
import { clientEnvironment } from './service/environment.ts';

/** How a service is asked. */
export interface Connection {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly credentials: Credentials;
}

/**
 * The service of the data directory; without one given, the one that the environment names, by a key or a token of the
 * environment. @throws CommandError
 */
export function connectionOf(dataDir: string | undefined): Connection {
  const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = process.env;
  if (dataDir === undefined && endpoint?.startsWith('https://') === true && URL.canParse(endpoint) && (key === undefined || key === '')) {
    const url = new URL(endpoint);
    return { endpoint: url.origin, credentials: credentialsOf({ account: account ?? accountInHost(url), key, endpoint: url }, process.env) };
  }
  if (dataDir === undefined && endpoint !== undefined && account !== undefined && key !== undefined) return { endpoint: endpoint.replace(/\/$/, ''), credentials: { kind: 'key', account, key } };
  const path = dataDirectoryPath(dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || record === undefined) throw new CommandError(EXIT.notRunning, `no service runs on ${path}: start one with ${hint('up --detach', dataDir)}`);
  return connectionTo(directory, record);
}

/** The service that a command has just started, or found. */
export function connectionTo(directory: DataDirectory, record: ServiceRecord): Connection {
  const environment = clientEnvironment(directory, record);
  return { endpoint: environment.AZURE_BATCH_ENDPOINT, credentials: { kind: 'key', account: environment.AZURE_BATCH_ACCOUNT, key: environment.AZURE_BATCH_ACCESS_KEY } };
}

export interface Ask {
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the endpoint, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One of our own operations; its answer as text. @throws CommandError: failure for a refusal, notRunning. */
export async function ask(connection: Connection, asked: Ask): Promise<string> {
  const answer = await send(connection, asked);
  const text = await answer.text();
  if (answer.ok) return text;
  const { method = 'GET', path } = asked;
  const operation = path.replace(/\?.*$/, '');
  if (operation.startsWith('/linarite/') && isOfStranger(answer.status, text)) throw new CommandError(EXIT.failure, `${connection.endpoint} is no Linarite service, and this needs an operation of Linarite itself: ${method} ${operation}`);
  throw refused(connection, answer, text);
}

/**
 * As `ask`; undefined: the account has no operations of Linarite itself. @throws CommandError: failure for a refusal,
 * notRunning.
 */
export async function askOwn(connection: Connection, asked: Ask): Promise<string | undefined> {
  const answer = await send(connection, asked);
  const text = await answer.text();
  if (answer.ok) return text;
  if (isOfStranger(answer.status, text)) return undefined;
  throw refused(connection, answer, text);
}

/** What Azure Batch says to a path that it does not know, and what others say that are no Batch service. */
const UNKNOWN: ReadonlySet<string> = new Set(['InvalidUri', 'RequestUrlFailedToParse', 'UnsupportedHttpVerb', 'ResourceNotFound']);

/** Whether a refusal of one of our own operations is that of a service which has none of them. */
function isOfStranger(status: number, text: string): boolean {
  if (![400, 404, 405, 501].includes(status)) return false;
  const [, code] = /"code"\s*:\s*"(\w+)"/.exec(text) ?? [];
  // Of what is not there we say what it is.
  if (code === 'ResourceNotFound' && /"key"\s*:\s*"Reason"/.test(text)) return false;
  return code === undefined || UNKNOWN.has(code) || (code === 'MissingRequiredQueryParameter' && text.includes('api-version'));
}

/** Any operation, signed; the answer as it comes. @throws CommandError notRunning. */
export async function send({ endpoint, credentials }: Connection, { method = 'GET', path, body, headers: more = {} }: Ask): Promise<Response> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const bodyLength = text === undefined ? 0 : Buffer.byteLength(text);
  const headers = { ...more, 'ocp-date': new Date().toUTCString(), ...(text === undefined ? {} : { 'content-type': 'application/json; odata=minimalmetadata' }) };
  const length = text === undefined ? {} : { 'content-length': String(bodyLength) };
  const authorization = await authorizationOf(credentials, { method, rawUrl: path, headers: { ...headers, ...length }, bodyLength });
  try {
    return await fetch(`${endpoint}${path}`, { method, headers: { ...headers, authorization }, ...(text === undefined ? {} : { body: text }) });
  } catch (cause) {
    throw new CommandError(EXIT.notRunning, `${endpoint} does not answer: ${messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause)}`);
  }
}

/** What a command says of an answer that is a refusal. */
export function refused({ endpoint }: Connection, { status }: Response, text: string): CommandError {
  return new CommandError(EXIT.failure, refusalOf(text) ?? `${endpoint} answers ${status}; it may be no Linarite service`);
}

/** Of an error's values those that say what to mend. */
const TOLD_VALUES = new Set(['Reason', 'PropertyName', 'PropertyValue', 'QueryParameterName', 'QueryParameterValue']);

/** `JobNotFound: The specified job does not exist.` Undefined: the answer is no error of Batch. */
export function refusalOf(text: string): string | undefined {
  try {
    const { code, message, values = [] } = JSON.parse(text) as {
      readonly code?: string;
      readonly message?: { readonly value?: string };
      readonly values?: readonly { readonly key: string; readonly value: string }[];
    };
    const told = values.filter(({ key }) => TOLD_VALUES.has(key)).map(({ key, value }) => (key === 'Reason' ? value : `${key}: ${value}`));
    return code === undefined ? undefined : [`${code}: ${message?.value?.split('\n')[0] ?? ''}`, ...told].join(' ');
  } catch {
    return undefined;
  }
}
