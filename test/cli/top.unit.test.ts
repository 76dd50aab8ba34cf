import { expect, test } from 'vitest';
import { screenOf, type JobSeen, type Sight } from '../../src/cli/top/screen.ts';
import { endsTop } from '../../src/cli/top/top.ts';

const JOB: JobSeen = { id: 'render', pool: 'p', createdAt: 0, waiting: 60, running: 10, succeeded: 25, failed: 5 };
const SIGHT: Sight = { at: 60_000, endpoint: 'http://here', pools: [{ id: 'p', state: 'resizing', nodes: { idle: 1, running: 2 }, target: 5 }], jobs: [JOB], moreJobs: 0 };
const WIDE = { columns: 100, rows: 50 };

test('a look shows pools and jobs, and what of them is done', () => {
  expect(screenOf(SIGHT, null, WIDE)).toEqual(['http://here   00:01:00 UTC', '', 'pool p [resizing]  3 of 5 nodes: 1 idle, 2 running', '', 'job render on p, for 60 s', '  [xx########>>>.................] 30 of 100, 10 running, 5 failed']);
});

test('a second look shows how fast it goes, and how long it will take', () => {
  const later: Sight = { ...SIGHT, at: 70_000, jobs: [{ ...JOB, waiting: 40, succeeded: 45 }] };
  expect(screenOf(later, SIGHT, WIDE).at(-1)).toContain('50 of 100, 10 running, 5 failed, 2.0/s, 25 s left');
  expect(screenOf({ ...SIGHT, at: 70_000 }, SIGHT, WIDE).at(-1)).toMatch(/5 failed$/);
});

test('few failures are seen among many tasks', () => {
  expect(screenOf({ ...SIGHT, jobs: [{ ...JOB, waiting: 0, running: 0, succeeded: 99_999, failed: 1 }] }, null, WIDE).at(-1)).toMatch(/\[x#{29}\]/);
});

test('it fits the screen, and says what it leaves out', () => {
  const many: Sight = { ...SIGHT, pools: Array.from({ length: 9 }, (_one, index) => ({ id: `p${index}`, state: 'steady', nodes: {}, target: 0 })), moreJobs: 3 };
  const lines = screenOf(many, null, { columns: 20, rows: 6 });
  expect([lines.length, Math.max(...lines.map((line) => line.length)), lines.at(-1)]).toEqual([6, 20, '… 10 lines more']);
  expect(screenOf({ ...SIGHT, pools: [], jobs: [] }, null, WIDE).join(' ')).toContain('no pools  no active jobs');
});

test.each([
  ['q', true], ['qq', true], ['jq', true], ['\u0003', true], ['\u0004', true], ['\u001b', true],
  ['', false], ['j', false], ['\u001b[A', false], ['\u001bOq', false],
])('the keys %j, come at once, end it: %j', (keys, ends) => {
  expect(endsTop(keys)).toBe(ends);
});
