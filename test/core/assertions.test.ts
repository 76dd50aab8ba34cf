import { expect, test } from 'vitest';
import { JobQueue } from '../../src/core/task/queue.ts';
import { Capacity } from '../../src/core/pool/capacity.ts';
import { TaskDirectory } from '../../src/core/task/directory.ts';
import { at, TaskTable } from '../../src/core/task/table.ts';

const TASK = { number: 7, createdAt: 0, slots: 1, retryLimit: 0, retentionMs: 0, instances: 0 };

test('a row that the table does not have is no zero', () => {
  const table = new TaskTable();
  const entry = table.add(TASK);
  expect(at(table.number, entry)).toBe(7);
  expect(() => at(table.number, -1)).toThrow('no row -1');
  table.remove(entry);
  expect(() => table.remove(entry)).toThrow(`row ${entry} of the open tasks is free already`);
});

test('a task is queued once, and leaves a queue that it is in', () => {
  const table = new TaskTable();
  const queue = new JobQueue();
  const entry = table.add(TASK);
  expect(() => queue.dequeue(table, entry)).toThrow('task 7 is not queued');
  queue.enqueue(table, entry, 'last');
  expect(() => queue.enqueue(table, entry, 'last')).toThrow('task 7 is queued already');
  queue.dequeue(table, entry);
  expect(() => queue.dequeue(table, entry)).toThrow('task 7 is not queued');
});

test('a task is open once, and closed when it was open', () => {
  const directory = new TaskDirectory();
  directory.set(7, 0);
  expect(() => directory.set(7, 1)).toThrow('task 7 is open already');
  directory.delete(7);
  expect(() => directory.delete(7)).toThrow('task 7 is not open');
});

test('a node stands where it says', () => {
  const capacity = new Capacity<{ free: number; place: number }>();
  const node = { free: 2, place: -1 };
  capacity.add(node);
  node.free = 1;
  expect(() => capacity.remove(node)).toThrow('no node with 1 slots free stands at place 0');
});
