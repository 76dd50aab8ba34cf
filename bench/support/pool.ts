import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { startLinarite, type Instance } from '../../test/support/linarite.ts';

/** A Batch client as small as it gets, so that a bench measures the service and not its client. */
export interface SmallClient {
  /** Throws on any status of 400 and above. `path` begins with `/` and may carry a query; api-version is added. */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  /** As `call`; resolves with the last byte of the answer, which nobody has read yet. */
  text(method: string, path: string, body?: unknown): Promise<string>;
  close(): void;
}

const API_VERSION = '2024-07-01.20.0';

export function smallClient(endpoint: string, account: string, key: string): SmallClient {
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
      const date = new Date().toUTCString();
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

/** A service of the bench's own with one pool whose nodes are idle. */
export async function withPool<T>(
  pool: { readonly nodes: number; readonly slots: number },
  measure: (client: SmallClient, instance: Instance) => Promise<T>,
): Promise<T> {
  const instance = await startLinarite();
  try {
    const env = await instance.env();
    const client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'bench', ...LINUX, targetDedicatedNodes: pool.nodes, taskSlotsPerNode: pool.slots });
    await pollUntil(async () => {
      const { value } = (await client.call('GET', '/pools/bench/nodes')) as { value: { state: string }[] };
      return value.length === pool.nodes && value.every(({ state }) => state === 'idle');
    }, 10);
    try {
      return await measure(client, instance);
    } finally {
      client.close();
    }
  } finally {
    await instance.purge();
  }
}

export async function pollUntil(done: () => Promise<boolean>, everyMs: number, deadlineMs = 120_000): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`not done within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Seconds that a program takes from spawn to exit; its input is given, its output thrown away. */
export function timed(program: string, args: readonly string[], input = ''): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'inherit'] });
    child.on('error', reject);
    child.on('exit', () => resolve(Number(process.hrtime.bigint() - start) / 1e9));
    child.stdin.end(input);
  });
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

export function rounded(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
