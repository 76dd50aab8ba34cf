import { describe, expect, test } from 'vitest';
import { CommandError } from '../../../src/cli/errors.ts';
import { NOUNS, type Item, type NounName } from '../../../src/cli/resources/nouns.ts';
import { filterOf, isEmpty, isMeant, isOfIds, newestOf, readSelection, type SelectionFlags } from '../../../src/cli/resources/selection.ts';

function meant(noun: NounName, words: readonly string[], flags: SelectionFlags, items: readonly Item[]): readonly unknown[] {
  return items.filter(isMeant(NOUNS[noun], readSelection(NOUNS[noun], words, flags))).map(({ id }) => id);
}
const TASKS: readonly Item[] = [
  { id: 'a-1', state: 'completed', executionInfo: { result: 'success' } },
  { id: 'A-2', state: 'completed', executionInfo: { result: 'failure' } },
  { id: 'b.1', state: 'running' },
  { id: 'bx1', state: 'active' },
];

describe('a selection', () => {
  test('of ids needs no list', () => {
    const selection = readSelection(NOUNS.task, ['t1', 't2', 't1'], {});
    expect([selection.ids, isOfIds(selection), isEmpty(selection)]).toEqual([['t1', 't2'], true, false]);
    expect(isEmpty(readSelection(NOUNS.task, [], {}))).toBe(true);
  });

  test('of patterns matches whole ids, whatever their case, and points stand for themselves', () => {
    expect(meant('task', ['a-*'], {}, TASKS)).toEqual(['a-1', 'A-2']);
    expect(meant('task', ['b.1*'], {}, TASKS)).toEqual(['b.1']);
    expect(meant('task', ['?-?'], {}, TASKS)).toEqual(['a-1', 'A-2']);
    expect(meant('task', ['x1*'], {}, TASKS)).toEqual([]);
  });

  test('of ids and patterns together is of either', () => {
    expect(meant('task', ['BX1', 'a-*'], {}, TASKS)).toEqual(['a-1', 'A-2', 'bx1']);
  });

  test('by state and failure is of both', () => {
    expect(meant('task', [], { state: 'Running,active' }, TASKS)).toEqual(['b.1', 'bx1']);
    expect(meant('task', [], { failed: true }, TASKS)).toEqual(['A-2']);
    expect(meant('task', ['a-1'], { failed: true }, TASKS)).toEqual([]);
  });

  test('a state that there is not is refused with those that there are', () => {
    expect(() => readSelection(NOUNS.pool, [], { state: 'running' })).toThrow(new CommandError(2, 'running is no state of pools: there are active, deleting'));
  });

  test('what is really called last is asked for with id: before it', () => {
    expect(readSelection(NOUNS.job, ['id:last', 'last'], {})).toMatchObject({ ids: ['last'], last: true });
  });
});

describe('the service sorts out', () => {
  const filter = (noun: NounName, words: readonly string[], flags: SelectionFlags): string | null => filterOf(NOUNS[noun], readSelection(NOUNS[noun], words, flags));
  test.each([
    ['nothing', filter('task', [], {}), null],
    ['states', filter('task', [], { state: 'active,running' }), "state eq 'active' or state eq 'running'"],
    ['failed tasks of one beginning', filter('task', ["it's*"], { failed: true }), "(executionInfo/result eq 'failure') and (startswith(id,'it''s'))"],
    ['no beginning of two patterns', filter('task', ['a*', 'b*'], {}), null],
    ['nor where ids are named beside it', filter('task', ['a*', 'b'], {}), null],
    ['nor what it has no filter for', filter('job', [], { failed: true }), null],
  ])('%s', (_name, found, expected) => {
    expect(found).toBe(expected);
  });
});

test('the last one is the one that was made last, of equal times the later in the list', () => {
  expect(newestOf([{ id: 'a', creationTime: '2026-01-02T00:00:00Z' }, { id: 'b', creationTime: '2026-01-03T00:00:00Z' }, { id: 'c', creationTime: '2026-01-03T00:00:00.000Z' }])?.['id']).toBe('c');
  expect(newestOf([{ id: 'n', allocationTime: '2026-01-02T00:00:00Z' }, { id: 'o', allocationTime: '2026-01-01T00:00:00Z' }])?.['id']).toBe('n');
  expect(newestOf([])).toBeUndefined();
});
