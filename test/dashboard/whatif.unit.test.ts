import { expect, test } from 'vitest';
import { ask, bodyOf } from '../../src/dashboard/views/whatif/question.ts';

test('an address without a word asks for a load that is made up, on a pool as it is and with another size', () => {
  expect(bodyOf({ ...ask({}), pool: 'p' }, '')).toEqual({
    pools: [{ pool: 'p', name: 'A' }, { pool: 'p', name: 'B', targetDedicatedNodes: 4, targetLowPriorityNodes: 0 }],
    load: { tasks: 500, duration: 'lognormal(4min, 0.8)', arrival: 'all', slots: '1' },
    boot: '2min',
    seed: 1,
  });
});

test.each([
  ['the load of a job', { load: 'job', job: 'render' }, { load: { job: 'render' } }],
  ['a file', { load: 'csv', csv: 'duration\n3\n' }, { load: { csv: 'duration\n3\n' } }],
  ['nothing beside the pool', { try: 'none', pool: 'p' }, { pools: [{ pool: 'p' }] }],
  ['a formula', { try: 'formula', pool: 'p' }, { pools: [{ pool: 'p', name: 'A' }, { pool: 'p', name: 'B', formula: 'x = 1;' }] }],
  ['what is no number, as it stands, so that the service says so', { tasks: 'many', seed: '' }, { load: { tasks: 'many', duration: 'lognormal(4min, 0.8)', arrival: 'all', slots: '1' } }],
  ['words that it does not know as the usual ones', { load: 'colour', try: 'colour' }, { boot: '2min', seed: 1 }],
])('an address asks for %s', (_what, query, body) => {
  expect(bodyOf(ask(query), 'x = 1;')).toMatchObject(body);
});
