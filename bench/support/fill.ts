import type { SmallClient } from './pool.ts';

const PER_REQUEST = 100;

/**
 * Adds tasks `task-<number>`, a hundred a request, by all clients at once; the milliseconds that it took. `task`: what
 * the one of this number has besides its command line, or instead of its id.
 */
export async function addTasks(
  clients: readonly SmallClient[],
  job: string,
  { first, count, commandLine = '/bin/true', task = () => ({}) }: { readonly first: number; readonly count: number; readonly commandLine?: string; readonly task?: (number: number) => object },
): Promise<number> {
  let next = first;
  const begun = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      while (next < first + count) {
        const from = next;
        next = Math.min(first + count, next + PER_REQUEST);
        const value = Array.from({ length: next - from }, (_, index) => ({ id: `task-${from + index}`, commandLine, ...task(from + index) }));
        const { value: results } = (await client.call('POST', `/jobs/${job}/addtaskcollection`, { value })) as { value: readonly { status: string }[] };
        if (results.some(({ status }) => status !== 'Success')) throw new Error('a task was refused');
      }
    }),
  );
  return performance.now() - begun;
}

export interface Counts {
  readonly active: number;
  readonly running: number;
  readonly completed: number;
  readonly succeeded: number;
  readonly failed: number;
}

export async function taskCounts(client: SmallClient, job: string): Promise<Counts> {
  return ((await client.call('GET', `/jobs/${job}/taskcounts`)) as { taskCounts: Counts }).taskCounts;
}
