import { describe, expect, test } from 'vitest';
import { arraysOf, indexWords, jobNameOf, nodeOfJob } from '../../../src/nodes/slurm/jobNames.ts';
import { readQueue } from '../../../src/nodes/slurm/queue.ts';

describe('a line of squeue', () => {
  test('is a job, of an array as its element', () => {
    expect(readQueue('41|7|RUNNING|n3|1796056400|1796056506|1796056500|None|linarite-0a-s-a1-n1-l1-l|\n12|N/A|PENDING||N/A|N/A|N/A|(Resources)|wrap|\n')).toEqual([
      { id: '41_7', order: 41, index: 7, state: 'RUNNING', hosts: 'n3', startedAt: 1796056400_000, endsAt: 1796056506_000, preemptedAt: 1796056500_000, reason: '', name: 'linarite-0a-s-a1-n1-l1-l' },
      { id: '12', order: 12, index: null, state: 'PENDING', hosts: '', startedAt: null, endsAt: null, preemptedAt: null, reason: '(Resources)', name: 'wrap' },
    ]);
  });

  test('may stand for elements that wait together', () => {
    expect(readQueue('5|[0-2,7%4]|PENDING||N/A|NONE|N/A|Priority|j|').map(({ id, reason }) => `${id} ${reason}`)).toEqual(['5_0 Priority', '5_1 Priority', '5_2 Priority', '5_7 Priority']);
  });

  test.each([
    ['a name with anything in it', '9|N/A|RUNNING|n1|1|2|N/A|None|a|b, c|d|', ['9']],
    ['fields with blanks around them', '9  |N/A  |CANCELLED+ |n1 |N/A|N/A|N/A|None |x |', ['9']],
    ['a warning before', 'squeue: warning: the clock skews\n9|N/A|RUNNING|n1|N/A|N/A|N/A|None|x|', ['9']],
    ['a line that was cut short', '9|N/A', []],
    ['nothing', '', []],
  ])('is read with %s', (_, text, ids) => {
    expect(readQueue(text).map(({ id }) => id)).toEqual(ids);
  });

  test('keeps a name that has the separator, without the last one', () => {
    expect(readQueue('9|N/A|RUNNING|n1|N/A|N/A|N/A|None|a|b, c|d|')[0]?.name).toBe('a|b, c|d');
  });
});

describe('the name of a job', () => {
  test('says whose node it is, of which life and priority', () => {
    const name = jobNameOf('0a1b-fast-one', { first: 2 ** 32 + 1, life: 3, priority: 'low' });
    expect(name).toBe('linarite-0a1b-fast-one-a2-n4294967297-l3-l');
    expect(nodeOfJob('0a1b-fast-one', name, 4)).toEqual({ node: 2 ** 32 + 5, life: 3, priority: 'low' });
    expect(nodeOfJob('0a1b-fast-one', name, null)).toMatchObject({ node: 2 ** 32 + 1 });
  });

  test.each(['linarite-0a1b-fast-a1-n1-l1-d', 'linarite-ffff-fast-one-a1-n1-l1-d', 'linarite-0a1b-fast-one-a1-n1-l1-x', 'train', ''])('%j is somebody else\'s', (name) => {
    expect(nodeOfJob('0a1b-fast-one', name, 0)).toBeNull();
  });
});

describe('nodes that are asked for together', () => {
  const lives = (nodes: readonly number[], more: { readonly life?: number; readonly priority?: 'low' } = {}) => nodes.map((node) => ({ node, life: more.life ?? 1, priority: more.priority ?? 'dedicated' }) as const);

  test('are one array for each life and priority, within the largest index', () => {
    const arrays = arraysOf([...lives([12, 10, 11, 900, 2_000]), ...lives([13], { life: 2 }), ...lives([14, 15], { priority: 'low' })], 1_000);
    expect(arrays).toEqual([
      { first: 10, life: 1, priority: 'dedicated', indices: [0, 1, 2, 890] },
      { first: 13, life: 2, priority: 'dedicated', indices: [0] },
      { first: 14, life: 1, priority: 'low', indices: [0, 1] },
      { first: 2_000, life: 1, priority: 'dedicated', indices: [0] },
    ]);
  });

  test('of two accounts are two arrays', () => {
    expect(arraysOf(lives([2 ** 32, 2 ** 32 + 1]), 1_000)).toHaveLength(2);
  });

  test('are named by ranges', () => {
    expect(indexWords([0, 1, 2, 890, 900, 901])).toBe('0-2,890,900-901');
  });
});
