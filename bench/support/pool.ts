import { spawn } from 'node:child_process';
import { startLinarite, type Instance } from '../../test/support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../../test/support/smallClient.ts';

export { LINUX, smallClient, type SmallClient } from '../../test/support/smallClient.ts';

/** A service of the bench's own with one pool whose nodes are idle. */
export async function withPool<T>(
  pool: { readonly nodes: number; readonly slots: number; readonly vmSize?: string; /** Of `linarite up`. */ readonly words?: readonly string[] },
  measure: (client: SmallClient, instance: Instance) => Promise<T>,
): Promise<T> {
  const instance = await startLinarite(pool.words ?? []);
  try {
    const env = await instance.env();
    const client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'bench', ...LINUX, ...(pool.vmSize === undefined ? {} : { vmSize: pool.vmSize }), targetDedicatedNodes: pool.nodes, taskSlotsPerNode: pool.slots });
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
