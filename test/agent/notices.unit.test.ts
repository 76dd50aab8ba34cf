import { expect, test } from 'vitest';
import { createNotices } from '../../src/agent/notices.ts';

test('what a node has to say stays while something else is said, until it is over', () => {
  const told: string[][] = [];
  const notices = createNotices((errors) => told.push(errors.map(({ message }) => message)));
  notices.set('disk', { code: 'DiskFull', message: 'full' });
  notices.set('removed', { code: 'Removed', message: 'one image' });
  notices.set('removed', { code: 'Removed', message: 'two images' });
  notices.set('disk', null);
  expect(told).toEqual([['full'], ['full', 'one image'], ['full', 'two images'], ['two images']]);
});
