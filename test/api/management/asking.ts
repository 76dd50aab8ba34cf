import { expect } from 'vitest';
import { insertResource } from '../../../src/store/intents/resources.ts';
import type { Got, TestApi } from '../support.ts';
import { SUBSCRIPTION } from './support.ts';

export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
export const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/mybatchaccount`;
const HEADERS = { host: '127.0.0.1:10800', authorization: 'Bearer operator' };

/** Asks the management plane as the operator. `path`: with its query, but for the version. */
export async function manage(it: TestApi, method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}, version = '2025-06-01'): Promise<Got> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const sized = payload === undefined ? { 'content-length': '0' } : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) };
  const url = path.includes('api-version=') ? path : `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
  return it.askPlainly({ method, url, body: payload, headers: { ...HEADERS, ...(method === 'GET' ? {} : sized), ...headers } });
}

/** Asks once where a 202 says. */
export async function polledOnce(it: TestApi, { status, headers }: Got): Promise<Got> {
  expect(status).toBe(202);
  const { pathname, search } = new URL(headers['location'] ?? '');
  return manage(it, 'GET', `${pathname}${search}`);
}

/** The account of the test in a group of its own. */
export async function placed(it: TestApi, more: object = {}): Promise<void> {
  await insertResource(it.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'westeurope' } }, 1);
  const { rows } = await it.pool.query<{ account: number }>(`select account from account where name = 'mybatchaccount'`);
  await insertResource(it.pool, { id: ACCOUNT, type: 'Microsoft.Batch/batchAccounts', spec: { location: 'westeurope', ...more }, account: rows[0]?.account ?? 0 }, 1);
}
