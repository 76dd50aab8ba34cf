import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idsAskedFor, isOfIdsAlone, type Places, placesOf } from '../../src/store/intents/taskPlaces.ts';
import { filterTables } from '../../src/wire/filters.ts';
import { lowerAscii } from '../../src/wire/letters.ts';
import { matches, parseFilter } from '../../src/wire/odata.ts';

const BEYOND = '\u{10FFFF}';
const NOWHERE: Places = { ids: [], failed: false, live: false, open: false };
const OPEN: Places = { ...NOWHERE, open: true };
const LIVE: Places = { ...NOWHERE, live: true };
const FAILED: Places = { ...NOWHERE, failed: true };

function ids(...ranges: readonly (readonly [string, string])[]): Places {
  return { ...NOWHERE, ids: ranges.map(([from, through]) => ({ from, through })) };
}

describe('where the tasks are that pass a filter', () => {
  test.each<[string, Places | null]>([
    ["id eq 'Task-1'", ids(['task-1', 'task-1'])],
    ["startswith(id,'Task-')", ids(['task-', `task-${BEYOND}`])],
    ["startswith(id,'')", null],
    ["id ne 'a'", null],
    ["startswith(id,'é')", null],
    ["startswith(displayName,'a')", null],
    ["startswith(id,'ab') or id eq 'c' or startswith(id,'A') or id eq 'abc'", ids(['a', `a${BEYOND}`], ['c', 'c'])],
    ["state eq 'running'", LIVE],
    ["state eq 'Preparing'", LIVE],
    ["state eq 'active'", OPEN],
    ["state ne 'Completed'", OPEN],
    ["state eq 'completed'", null],
    ["state ne 'running'", null],
    ["executionInfo/result eq 'FAILURE'", FAILED],
    ["executionInfo/result ne 'success'", null],
    ['executionInfo/exitCode gt 0', FAILED],
    ['executionInfo/exitCode ge 0', null],
    ['executionInfo/exitCode ne 0', null],
    ['executionInfo/exitCode lt 0', FAILED],
    ['executionInfo/failureInfo/category ne null', FAILED],
    ["executionInfo/failureInfo/category ne 'UserError'", null],
    ["startswith(executionInfo/failureInfo/code,'Disk')", FAILED],
    ["not (executionInfo/result eq 'failure')", null],
    ["executionInfo/result eq 'failure' and startswith(id,'a')", FAILED],
    ["executionInfo/result eq 'failure' and id eq 'a'", ids(['a', 'a'])],
    ["state eq 'running' and startswith(id,'a')", LIVE],
    ["state eq 'active' and startswith(id,'a')", ids(['a', `a${BEYOND}`])],
    ["displayName eq 'x' and state ne 'completed'", OPEN],
    ["displayName eq 'x' or state eq 'running'", null],
    ["executionInfo/result eq 'failure' or state eq 'running' or id eq 'a'", { ...ids(['a', 'a']), failed: true, live: true, open: false }],
  ])('%s', (filter, places) => {
    expect(placesOf(parseFilter(filter))).toEqual(places);
  });

  test('only a filter by id alone is sure of all that it names', () => {
    expect(isOfIdsAlone(parseFilter("startswith(id,'a')"))).toBe(true);
    expect(isOfIdsAlone(parseFilter("id eq 'a'"))).toBe(true);
    expect(isOfIdsAlone(parseFilter("startswith(id,'a') and state eq 'running'"))).toBe(false);
    expect(isOfIdsAlone(parseFilter("state eq 'running'"))).toBe(false);
    expect(idsAskedFor(parseFilter("startswith(id,'a') and state eq 'active'"))).toEqual([{ from: 'a', through: `a${BEYOND}` }]);
    expect(idsAskedFor(parseFilter("startswith(id,'a') or state eq 'running'"))).toBe(null);
  });

  test('whatever passes a filter is in its places', () => {
    const tasks = ['a', 'B-1', 'b-2', 'bc', 'C'].flatMap((id) => [
      { id, state: 'active' },
      { id, state: 'running', executionInfo: { retryCount: 0 } },
      { id, state: 'completed', executionInfo: { result: 'success', exitCode: 0 } },
      { id, state: 'completed', executionInfo: { result: 'failure', exitCode: -3, failureInfo: { category: 'UserError', code: 'FailureExitCode' } } },
      { id, state: 'completed', executionInfo: { result: 'failure', exitCode: 2, failureInfo: { category: 'ServerError', code: 'DiskFull' } } },
    ]);
    const literals = ["'b-1'", "'B'", "'completed'", "'ACTIVE'", "'running'", "'failure'", "'success'", "'usererror'", "'diskfull'", '0', '2', '-3', 'null'];
    const paths = ['id', 'state', 'executionInfo/result', 'executionInfo/exitCode', 'executionInfo/failureInfo/category', 'executionInfo/failureInfo/code', 'executionInfo/retryCount'];
    const comparison = fc.constantFrom(...paths).chain((path) =>
      fc.constantFrom(...(filterTables.Task_List?.[path] ?? [])).chain((operator) =>
        operator === 'startswith' ? fc.constantFrom('b', 'B-', 'disk', 'c').map((prefix) => `startswith(${path},'${prefix}')`) : fc.constantFrom(...literals).map((literal) => `${path} ${operator} ${literal}`),
      ),
    );
    const { filter } = fc.letrec<{ filter: string }>((tie) => ({
      filter: fc.oneof(
        { maxDepth: 3 },
        comparison,
        comparison.map((one) => `not (${one})`),
        fc.tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter')).map(([left, word, right]) => `(${left}) ${word} (${right})`),
      ),
    }));
    fc.assert(
      fc.property(filter, (text) => {
        const parsed = parseFilter(text);
        const places = placesOf(parsed);
        if (places === null) return;
        for (const task of tasks.filter((one) => matches(parsed, one))) expect(isIn(places, task), `${text}: ${JSON.stringify(task)}`).toBe(true);
      }),
      { numRuns: 3_000, seed: 20_261_129 },
    );
  });
});

function isIn(places: Places, task: { readonly id: string; readonly state: string; readonly executionInfo?: { readonly result?: string } }): boolean {
  const id = lowerAscii(task.id);
  if (places.open && task.state !== 'completed') return true;
  if (places.live && task.state === 'running') return true;
  if (places.failed && task.executionInfo?.result === 'failure') return true;
  return places.ids.some(({ from, through }) => from <= id && id <= through);
}
