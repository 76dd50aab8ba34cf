import { createHmac } from 'node:crypto';
import { type IncomingMessage, get } from 'node:http';
import { json, text } from 'node:stream/consumers';
import type { Drill } from '../drillLine.ts';
import type { ClientEnvironment } from './environment.ts';

/** What an account holds, as `status` shows it; `more` when there are more than one page of a thousand. */
export interface Counts {
  readonly pools: number;
  readonly nodes: number;
  readonly jobs: number;
  readonly more: boolean;
}

const API_VERSION = '2024-07-01.20.0';
const TIMEOUT_MS = 3_000;

/** Asks the service as any client would; undefined when it does not answer. */
export async function readCounts(environment: ClientEnvironment): Promise<Counts | undefined> {
  try {
    const [pools, jobs] = await Promise.all([
      list(environment, '/pools', 'id,currentDedicatedNodes,currentLowPriorityNodes'),
      list(environment, '/jobs', 'id'),
    ]);
    const nodes = pools.items.reduce<number>((sum, pool) => sum + numberOf(pool, 'currentDedicatedNodes') + numberOf(pool, 'currentLowPriorityNodes'), 0);
    return { pools: pools.items.length, nodes, jobs: jobs.items.length, more: pools.more || jobs.more };
  } catch {
    return undefined;
  }
}

/** Those that run; undefined when the service does not answer. */
export async function readDrills(environment: ClientEnvironment): Promise<readonly Drill[] | undefined> {
  try {
    const { items } = await list(environment, '/linarite/drills', null);
    return (items as readonly Drill[]).filter(({ state }) => state === 'active');
  } catch {
    return undefined;
  }
}

/** `select`: null, of one of our own operations, which have no query. */
async function list(environment: ClientEnvironment, path: string, select: string | null): Promise<{ items: readonly unknown[]; more: boolean }> {
  const date = new Date().toUTCString();
  const account = environment.AZURE_BATCH_ACCOUNT;
  const canonical = `/${account}${path}${select === null ? '' : `\n$select:${select}\napi-version:${API_VERSION}`}`;
  const toSign = `GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:${date}\n${canonical}`;
  const signature = createHmac('sha256', Buffer.from(environment.AZURE_BATCH_ACCESS_KEY, 'base64')).update(toSign).digest('base64');
  const url = `${environment.AZURE_BATCH_ENDPOINT}${path}${select === null ? '' : `?$select=${encodeURIComponent(select)}&api-version=${API_VERSION}`}`;
  const headers = { 'ocp-date': date, authorization: `SharedKey ${account}:${signature}` };
  const answer = await ask(url, headers);
  const body: unknown = await json(answer);
  if (answer.statusCode !== 200 || typeof body !== 'object' || body === null || !('value' in body) || !Array.isArray(body.value)) throw new Error(`${path}: ${answer.statusCode ?? ''}`);
  return { items: body.value, more: 'odata.nextLink' in body };
}

/** Not `fetch`: loading it takes longer than all the rest of `status`. */
function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }, resolve).on('error', reject);
  });
}

function numberOf(item: unknown, name: string): number {
  const value: unknown = typeof item === 'object' && item !== null ? Reflect.get(item, name) : undefined;
  return typeof value === 'number' ? value : 0;
}

/**
 * What `/readyz` says is in the way, or should be seen to although requests are served; undefined: nothing, or no
 * answer.
 */
export async function readTrouble(endpoint: string): Promise<string | undefined> {
  try {
    const said = (await text(await ask(`${endpoint}/readyz`))).trim();
    const beginning = BEFORE_TROUBLE.find((words) => said.startsWith(words));
    return beginning === undefined ? undefined : said.slice(beginning.length);
  } catch {
    return undefined;
  }
}

const BEFORE_TROUBLE = ['not ready: ', 'ready, but '];
