import { createHmac } from 'node:crypto';
import { messageOf } from '../../base/errors.ts';
import { stringsToSign } from '../../wire/sharedKey.ts';
import { CommandError, EXIT } from '../errors.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { clientEnvironment } from '../service/environment.ts';
import { runningService } from '../service/data/record.ts';
import { hint } from '../hint.ts';

export interface ExplainOptions {
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** How a service is asked. */
interface Connection {
  readonly endpoint: string;
  readonly account: string;
  readonly key: string;
}

/** What the service answers (docs/explain.md). */
interface Explanation {
  readonly jobId: string;
  readonly taskId?: string;
  readonly state: string;
  readonly open?: number;
  readonly looked?: number;
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly tasks?: number; readonly example?: string }[];
}

/**
 * `linarite explain JOB [TASK]`: why tasks wait. @throws CommandError: failure for a job or task that is not there,
 * notRunning.
 */
export async function explain(jobId: string, taskId: string | undefined, options: ExplainOptions): Promise<void> {
  const tasks = taskId === undefined ? '' : `/tasks/${encodeURIComponent(taskId)}`;
  const text = await ask(connectionOf(options), `/linarite/jobs/${encodeURIComponent(jobId)}${tasks}/explain`);
  if (options.json === true) console.log(text);
  else console.log(describe(JSON.parse(text) as Explanation).join('\n'));
}

/** The service of the data directory; without one given, the one that the environment names. */
function connectionOf({ dataDir }: ExplainOptions): Connection {
  const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = process.env;
  if (dataDir === undefined && endpoint !== undefined && account !== undefined && key !== undefined) return { endpoint: endpoint.replace(/\/$/, ''), account, key };
  const path = dataDirectoryPath(dataDir);
  const directory = findDataDirectory(path);
  const record = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || record === undefined) throw new CommandError(EXIT.notRunning, `no service runs on ${path}: start one with ${hint('up --detach', dataDir)}`);
  const environment = clientEnvironment(directory, record);
  return { endpoint: environment.AZURE_BATCH_ENDPOINT, account: environment.AZURE_BATCH_ACCOUNT, key: environment.AZURE_BATCH_ACCESS_KEY };
}

async function ask({ endpoint, account, key }: Connection, path: string): Promise<string> {
  const headers = { 'ocp-date': new Date().toUTCString() };
  const [toSign = ''] = stringsToSign({ method: 'GET', rawUrl: path, headers, bodyLength: 0 }, account);
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(toSign, 'utf8').digest('base64');
  let answer: Response;
  try {
    answer = await fetch(`${endpoint}${path}`, { headers: { ...headers, authorization: `SharedKey ${account}:${signature}` } });
  } catch (cause) {
    throw new CommandError(EXIT.notRunning, `${endpoint} does not answer: ${messageOf(cause instanceof Error ? (cause.cause ?? cause) : cause)}`);
  }
  const text = await answer.text();
  if (!answer.ok) throw new CommandError(EXIT.failure, refusalOf(text) ?? `${endpoint} answers ${answer.status}; it may be no Linarite service`);
  return text;
}

/** `JobNotFound: The specified job does not exist.` Undefined: the answer is no error of Batch. */
function refusalOf(text: string): string | undefined {
  try {
    const { code, message } = JSON.parse(text) as { readonly code?: string; readonly message?: { readonly value?: string } };
    return code === undefined ? undefined : `${code}: ${message?.value?.split('\n')[0] ?? ''}`;
  } catch {
    return undefined;
  }
}

function describe({ jobId, taskId, state, open = 0, looked = 0, reasons }: Explanation): string[] {
  if (taskId !== undefined) return [`task ${taskId} of job ${jobId} is ${state}`, ...reasons.map(({ message }) => `  ${message}`)];
  if (open === 0) return [`job ${jobId} is ${state}, and none of its tasks is waiting or running`];
  const part = looked < open ? `; of the first ${looked}:` : ':';
  return [
    `job ${jobId} is ${state}, with ${open} ${open === 1 ? 'task' : 'tasks'} that ${open === 1 ? 'has' : 'have'} not ended${part}`,
    ...reasons.map(({ message, tasks = 0, example }) => `  ${tasks} x ${message}${tasks > 1 && example !== undefined ? ` (so for task ${example})` : ''}`),
  ];
}
