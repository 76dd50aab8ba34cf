import { expect, test } from 'vitest';
import { Specs } from '../../src/control/specs.ts';

/** Specifications whose reads end when the test says so, with what the row held when it was asked. */
function slowly() {
  const row = { spec: 'old' };
  const reads: (() => void)[] = [];
  const read = <Key extends string>(key: Key) => (numbers: readonly number[]) => {
    const spec = row.spec;
    return new Promise<{ [K in Key]: number }[]>((resolve) => reads.push(() => resolve(numbers.map((number) => ({ [key]: number, id: 'i', spec })) as { [K in Key]: number }[])));
  };
  return { row, reads, specs: new Specs({ readJobSpecs: read('job') as never, readPoolSpecs: read('pool') as never }) };
}
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('a pool that changes while its specification is read is read again', async () => {
  const { row, reads, specs } = slowly();
  const pool = specs.pool(1);
  row.spec = 'new';
  specs.forgetPool(1);
  reads.shift()?.();
  await settle();
  reads.shift()?.();
  expect((await pool)?.spec).toBe('new');
  expect((await specs.pool(1))?.spec).toBe('new');
  expect(reads).toHaveLength(0);
});

test('a job that changes while its specification is read is read again', async () => {
  const { row, reads, specs } = slowly();
  const jobs = specs.jobs([1]);
  row.spec = 'new';
  specs.forgetJob(1);
  reads.shift()?.();
  await settle();
  reads.shift()?.();
  expect((await jobs).get(1)?.spec).toBe('new');
});

test('a read that fails is not kept', async () => {
  let failing = true;
  const specs = new Specs({
    readJobSpecs: () => Promise.resolve([]),
    readPoolSpecs: () => (failing ? Promise.reject(new Error('away')) : Promise.resolve([{ pool: 1, id: 'p', spec: {}, certificates: [] }])),
  });
  await expect(specs.pool(1)).rejects.toThrow('away');
  failing = false;
  expect(await specs.pool(1)).toMatchObject({ id: 'p' });
});
