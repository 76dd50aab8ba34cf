import { describe, expect, test } from 'vitest';
import type { AddResult, TaskToAdd } from '../../../src/cli/run/account/batchAccount.ts';
import { addAllTasks } from '../../../src/cli/run/submit.ts';

function tasks(count: number): TaskToAdd[] {
  return Array.from({ length: count }, (_, index) => ({ id: `t${index}`, commandLine: '/bin/true' }));
}
function success({ id }: TaskToAdd): AddResult {
  return { status: 'success', taskId: id };
}
const tooLarge = Object.assign(new Error('too large'), { code: 'RequestBodyTooLarge' });

/** A service that answers as it is told; remembers the sizes of requests, the pauses, and which tasks it took. */
function service(answer: (task: TaskToAdd, time: number) => AddResult, largest = 100) {
  const times = new Map<string, number>();
  const seen = { requests: [] as number[], pauses: [] as number[], taken: new Set<string>() };
  return {
    seen,
    add: async (some: TaskToAdd[]): Promise<AddResult[]> => {
      if (some.length > 100) throw new Error('over the limit of the service');
      if (some.length > largest) throw tooLarge;
      seen.requests.push(some.length);
      return some.map((task) => {
        const time = (times.get(task.id) ?? 0) + 1;
        times.set(task.id, time);
        const result = answer(task, time);
        if (result.status === 'success') seen.taken.add(task.id);
        return result;
      });
    },
    codeOf: (error: unknown) => (error === tooLarge ? 'RequestBodyTooLarge' : undefined),
    pause: async (ms: number) => void seen.pauses.push(ms),
    stopped: () => false,
  };
}

describe('adding tasks', () => {
  test('sends collections of at most a hundred', async () => {
    const sink = service(success);
    await addAllTasks(tasks(250), sink);
    expect(sink.seen.requests.sort((a, b) => a - b)).toEqual([50, 100, 100]);
    expect(sink.seen.taken.size).toBe(250);
  });

  test('sends ten thousand in a hundred requests', async () => {
    const sink = service(success);
    await addAllTasks(tasks(10_000), sink);
    expect(sink.seen.requests).toEqual(Array.from({ length: 100 }, () => 100));
    expect(sink.seen.taken.size).toBe(10_000);
  });

  test('halves a collection that is too large for one request', async () => {
    const sink = service(success, 30);
    await addAllTasks(tasks(100), sink);
    expect(sink.seen.requests).toEqual([25, 25, 25, 25]);
    expect(sink.seen.taken.size).toBe(100);
  });

  test('says which task is too large even alone', async () => {
    await expect(addAllTasks(tasks(1), service(success, 0))).rejects.toThrow('task t0 is too large for one request');
  });

  test('sends tasks again that the service failed to take, and only those, after longer and longer pauses', async () => {
    const sink = service((task, time) => (task.id === 't3' && time < 3 ? { status: 'servererror', taskId: task.id } : success(task)));
    await addAllTasks(tasks(10), sink);
    expect(sink.seen.requests).toEqual([10, 1, 1]);
    expect(sink.seen.pauses).toEqual([200, 400]);
    expect(sink.seen.taken.size).toBe(10);
  });

  test('stops when the job is to be ended', async () => {
    const sink = service(success);
    await addAllTasks(tasks(1000), { ...sink, stopped: () => sink.seen.taken.size > 0 });
    expect(sink.seen.taken.size).toBeLessThan(1000);
  });

  test('gives up on a service that always fails', async () => {
    await expect(addAllTasks(tasks(1), service(({ id }) => ({ status: 'servererror', taskId: id })))).rejects.toThrow('failed 8 times');
  });

  test('takes TaskExists for success: the request was repeated after its answer was lost', async () => {
    const sink = service(({ id }) => ({ status: 'clienterror', taskId: id, error: { code: 'TaskExists' } }));
    await expect(addAllTasks(tasks(3), sink)).resolves.toBeUndefined();
  });

  test('says why a task was refused', async () => {
    const sink = service(({ id }) => ({ status: 'clienterror', taskId: id, error: { code: 'InvalidPropertyValue', message: { value: 'No good.\nRequestId:1' } } }));
    await expect(addAllTasks(tasks(3), sink)).rejects.toThrow('task t0 was refused: InvalidPropertyValue: No good.');
  });
});
