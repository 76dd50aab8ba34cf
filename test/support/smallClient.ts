import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

/**
 * A Batch client as small as it gets, for tests of what no SDK of ours can send, and for benches, which measure the
 * service and not its client.
 */
export interface SmallClient {
  /** Throws on any status of 400 and above. `path` begins with `/` and may carry a query; api-version is added. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** As `call`; resolves with the last byte of the answer, which nobody has read yet. */
  text(method: string, path: string, body?: unknown): Promise<string>;
  close(): void;
}

const API_VERSION = '2025-06-01';

/** `now`: the time of day that it signs with. */
export function smallClient(endpoint: string, account: string, key: string, now: () => number = Date.now): SmallClient {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const base = new URL(endpoint);
  const secret = Buffer.from(key, 'base64');
  const sign = (method: string, url: URL, length: string, type: string, date: string): string => {
    const query = [...url.searchParams].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `\n${name}:${value}`);
    const text = `${[method, '', '', length, '', type, '', '', '', '', '', ''].join('\n')}\nocp-date:${date}\n/${account}${url.pathname}${query.join('')}`;
    return `SharedKey ${account}:${createHmac('sha256', secret).update(text).digest('base64')}`;
  };
  const text = (method: string, path: string, body?: unknown): Promise<string> =>
    new Promise((resolve, reject) => {
      const url = new URL(path, base);
      url.searchParams.set('api-version', API_VERSION);
      const payload = body === undefined ? '' : JSON.stringify(body);
      const type = body === undefined ? '' : 'application/json; odata=minimalmetadata';
      const length = method === 'GET' ? '' : String(Buffer.byteLength(payload));
      const date = new Date(now()).toUTCString();
      const headers: Record<string, string> = { 'ocp-date': date, authorization: sign(method, url, length, type, date) };
      if (type !== '') headers['content-type'] = type;
      if (length !== '') headers['content-length'] = length;
      const sent = request(url, { method, headers, agent }, (answer) => {
        let received = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) >= 400) return reject(new Error(`${method} ${path}: ${answer.statusCode} ${received}`));
          return resolve(received);
        });
        answer.on('error', reject);
      });
      sent.on('error', reject);
      sent.end(payload);
    });
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await text(method, path, body);
    return answer.startsWith('{') ? JSON.parse(answer) : answer;
  };
  return { call, text, close: () => agent.destroy() };
}

export const LINUX = {
  vmSize: 'standard_d2_v3',
  virtualMachineConfiguration: {
    imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' },
    nodeAgentSKUId: 'batch.node.ubuntu 22.04',
  },
} as const;
