import { expect } from 'vitest';
import type { Got, TestApi } from '../support.ts';
import { SUBSCRIPTION } from './support.ts';

export const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
export const DEPLOYMENTS = `${GROUP}/providers/Microsoft.Resources/deployments`;
export const ACCOUNT = 'Microsoft.Batch/batchAccounts';

/** An account in a template. */
export function account(name: string, more: object = {}): object {
  return { type: ACCOUNT, apiVersion: '2024-02-01', name, location: '[resourceGroup().location]', ...more };
}

export function template(parts: object): object {
  return { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [], ...parts };
}

/** The body of a deployment of a template. */
export function content(source: object, more: object = {}): object {
  return { properties: { mode: 'Incremental', template: source, ...more } };
}

export interface Deploying {
  /** As the operator, with an api-version. */
  ask(method: string, path: string, body?: unknown): Promise<Got>;
  group(): Promise<void>;
  /** Deploys to the group and polls as clients do. */
  deploy(name: string, source: object, more?: object): Promise<Got>;
  /** Asks where the answer to a deployment says, until it has ended. */
  ended(headers: Got['headers']): Promise<Got>;
}

const HEADERS = { host: '127.0.0.1:10800', authorization: 'Bearer operator' };

export function deploying(it: () => TestApi): Deploying {
  const ask: Deploying['ask'] = (method, path, body) => {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const [pathname, query = ''] = path.split('?');
    return it().askPlainly({
      method,
      url: `${pathname}?api-version=2022-09-01${query === '' ? '' : `&${query}`}`,
      body: payload,
      headers: { ...HEADERS, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload ?? '')) },
    });
  };
  const ended: Deploying['ended'] = async (headers) => {
    const { pathname, search } = new URL(headers['azure-asyncoperation'] ?? '');
    for (;;) {
      const got = await it().askPlainly({ method: 'GET', url: `${pathname}${search}`, headers: HEADERS });
      expect(got.status).toBe(200);
      if (got.json.status !== 'Running') return got;
    }
  };
  return {
    ask,
    ended,
    group: async () => {
      expect((await ask('PUT', GROUP, { location: 'westeurope', tags: { team: 'lab' } })).status).toBe(201);
    },
    deploy: async (name, source, more = {}) => {
      const { status, headers, json } = await ask('PUT', `${DEPLOYMENTS}/${name}`, content(source, more));
      expect([status, json.properties?.provisioningState ?? json]).toEqual([201, 'Running']);
      await ended(headers);
      return ask('GET', `${DEPLOYMENTS}/${name}`);
    },
  };
}
