import { expect, test } from 'vitest';
import { applicationItems } from '../../../src/api/seed/applicationItems.ts';
import { jobItems, poolItems, scheduleItems } from '../../../src/api/seed/dataItems.ts';
import type { Asking, Item } from '../../../src/api/seed/item.ts';
import { readSeed } from '../../../src/api/seed/read.ts';
import { BatchError } from '../../../src/wire/errors.ts';

const account = { number: 1, name: 'a', keys: [] };
const { contents } = readSeed({ applications: [{ id: 'a' }], certificates: [{ thumbprint: 't' }], pools: [{ id: 'p' }], jobSchedules: [{ id: 's' }], jobs: [{ id: 'j', tasks: [{ id: 't' }] }] });

test('each item is asked for with the right to its part of the account, before anything of it is read', async () => {
  const asked: string[] = [];
  const permit = (of: string): never => {
    asked.push(of);
    throw new BatchError('InsufficientAccountPermissions');
  };
  const asking = { permit, parts: { data: {} } } as unknown as Asking;
  const jobs = jobItems(contents, account, asking, null).flatMap(({ job, tasks }) => [job, ...tasks]);
  const items: readonly Item[] = [...applicationItems(contents, account, asking, null), ...poolItems(contents, account, asking, null), ...scheduleItems(contents, account, asking, null), ...jobs];
  for (const item of items) await expect(item.differing(), item.kind).rejects.toThrow(BatchError);
  expect(asked).toEqual(['applications', 'certificates', 'pools', 'jobSchedules', 'jobs', 'jobs']);
});
