import { expect } from 'vitest';
import type { Got, TestApi } from '../support.ts';

const HEADERS = { host: '127.0.0.1:10800', authorization: 'Bearer operator' };

export interface Asking {
  /** With an api-version, as the operator. */
  ask(method: string, path: string, body?: unknown, version?: string): Promise<Got>;
  /** Asks where a 202 says, until it is over. */
  polled(answer: Got): Promise<Got>;
}

export function asking(it: () => TestApi): Asking {
  return {
    ask: (method, path, body, version = '2025-06-01') => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const mark = path.includes('?') ? '&' : '?';
      return it().askPlainly({ method, url: `${path}${mark}api-version=${version}`, body: payload, headers: { ...HEADERS, 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload ?? '')) } });
    },
    polled: async ({ status, headers }) => {
      expect(status).toBe(202);
      const { pathname, search } = new URL(headers['location'] ?? '');
      for (;;) {
        const got = await it().askPlainly({ method: 'GET', url: `${pathname}${search}`, headers: HEADERS });
        if (got.status !== 202) return got;
      }
    },
  };
}
