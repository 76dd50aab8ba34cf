import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matches, parseFilter, type Comparison, type Filter, type Literal } from '../../src/wire/odata.ts';
import { operations, type OperationId } from '../../src/wire/operations.ts';
import { readQuery } from '../../src/wire/query.ts';
import { printFilter } from './printFilter.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';

const TASK = {
  id: 'Task-1',
  state: 'completed',
  creationTime: '2022-09-06T23:44:11.5Z',
  executionInfo: { exitCode: 3, result: 'failure', endTime: '2022-09-06T23:45:00Z', retryCount: 0 },
  isDedicated: true,
  contentLength: '42',
};

/** As a request's query is read: parsed, and held against what the list can be filtered by. */
function read(id: OperationId, text: string): Filter | undefined {
  const operation = operations.find((row) => row.id === id);
  if (operation === undefined) throw new Error(id);
  return readQuery(operation, `api-version=2025-06-01&$filter=${encodeURIComponent(text)}`).filter;
}

describe('$filter', () => {
  test.each([
    ["state eq 'completed'", true],
    ["state eq 'COMPLETED'", true],
    ["state ne 'completed'", false],
    ["(state eq 'active') or (state eq 'completed')", true],
    ["state eq 'active' or state eq 'completed' and id eq 'other'", false],
    ["not (state eq 'active')", true],
    ['executionInfo/exitCode eq 3', true],
    ['executionInfo/exitCode gt 3', false],
    ['executionInfo/exitCode ge 3 and executionInfo/exitCode lt 4', true],
    ['executionInfo/exitCode lt -1', false],
    ["startswith(id,'task-')", true],
    ["startswith(id, 'x')", false],
    ["startswith(id,'task') eq false", false],
    ["creationTime gt DateTime'2022-09-06T23:44:11Z'", true],
    ["creationTime lt datetime'Tue, 06 Sep 2022 23:44:12 GMT'", true],
    ["creationTime le DateTime'2011-05-08T08:49:37Z'", false],
    ["id ge 'task-0'", true],
    ['isDedicated eq true', true],
    ['isDedicated', true],
    ['isDedicated eq false', false],
    ['contentLength gt 41', true],
    ['schedulingError eq null', true],
    ["executionInfo/failureInfo/code eq 'x'", false],
    ["executionInfo/failureInfo/code ne 'x'", true],
    ['executionInfo/missing lt 5', false],
    ["executionInfo/exitCode eq 'text'", false],
    ["  state   EQ   'completed'  AND  id ne ''  ", true],
  ])('%s is %s of a failed task', (text, expected) => {
    expect(matches(parseFilter(text), TASK)).toBe(expected);
  });

  test('a quote inside a literal is doubled', () => {
    expect(parseFilter("id eq 'it''s'")).toEqual({ kind: 'compare', path: ['id'], operator: 'eq', literal: { kind: 'text', value: "it's" } });
  });

  test('prototype properties are not there', () => {
    expect(matches(parseFilter("constructor/name eq 'Object'"), TASK)).toBe(false);
    expect(matches(parseFilter('toString eq null'), TASK)).toBe(true);
  });

  test.each([
    '',
    '   ',
    "state eq 'a",
    'state eq',
    "state = 'a'",
    "state eq 'a' and",
    "(state eq 'a'",
    "state eq 'a')",
    "eq 'a'",
    "startswith(id)",
    "startswith(id,5)",
    "startswith(id,'a') eq 5",
    "state eq active",
    "creationTime gt DateTime'yesterday'",
    "state eq 'a' xor id eq 'b'",
    'executionInfo/exitCode eq 5x',
    "contains(id,'a')",
    "state/ eq 'a'",
    "state eq 'a'; drop table tasks",
  ])('%s is refused with the place of the fault', (text) => {
    const error = errorOf(() => parseFilter(text));
    expect([error.status, error.code]).toEqual([400, 'InvalidQueryParameterValue']);
    expect(valuesOf(error)).toMatchObject({ QueryParameterName: '$filter' });
    expect(valuesOf(error)['Reason']).not.toBe('');
  });

  test('depth and length have bounds', () => {
    expect(codeOf(() => parseFilter(`${'('.repeat(40)}a eq 1${')'.repeat(40)}`))).toBe('InvalidQueryParameterValue');
    expect(codeOf(() => parseFilter(`id eq '${'a'.repeat(9000)}'`))).toBe('InvalidQueryParameterValue');
    expect(() => parseFilter(Array.from({ length: 200 }, (_, index) => `id eq '${index}'`).join(' or '))).not.toThrow();
  });

  test('only what a list can be filtered by is let through', () => {
    const check = (text: string) => read('Task_List', text);
    expect(() => check("state eq 'active' and not startswith(id,'a') or executionInfo/exitCode ge 1")).not.toThrow();
    for (const text of ["secret eq 'a'", "state gt 'a'", "startswith(state,'a')", "executionInfo eq 'a'", "id eq 'a' or colour eq 'b'", 'isDedicated']) {
      expect(codeOf(() => check(text)), text).toBe('InvalidQueryParameterValue');
    }
  });

  test.each([
    ['Task_List', "creationTime gt '2022-01-01T00:00:00Z'", "a date and time, such as DateTime'2011-05-08T08:49:37Z'"],
    ['Task_List', "executionInfo/exitCode eq '0'", 'a number'],
    ['Task_List', 'not (id eq 5)', "a text in quotes, such as 'a'"],
    ['Pool_List', "state eq 'active' and enableAutoScale eq 'true'", 'true or false'],
    ['Pool_List', 'vmSize', "a text in quotes, such as 'a'"],
    ['Job_List', "usesTaskDependencies ne DateTime'2022-01-01T00:00:00Z'", 'true or false'],
    ['ComputeNode_List', "isDedicated or startTaskInfo/exitCode lt true", 'a number'],
  ] as const)('%s by %s: nothing could ever pass, so the filter says what it wants', (operation, text, wanted) => {
    const error = errorOf(() => read(operation, text));
    expect([error.code, valuesOf(error)['Reason']]).toEqual(['InvalidQueryParameterValue', expect.stringContaining(`' is compared with ${wanted}.`)]);
  });

  test('null goes with every property', () => {
    expect(() => read('Task_List', 'executionInfo/exitCode eq null or executionInfo/endTime ne null or displayName eq null')).not.toThrow();
  });

  test('the operators documented for every list are there', () => {
    for (const [operation, texts] of Object.entries<readonly string[]>({
      Account_ListSupportedImages: ["osType eq 'linux' and verificationType ne 'verified' and nodeAgentSKUId eq 'x'"],
      ComputeNode_List: ["state ne 'idle' and lastBootTime ge DateTime'2022-01-01T00:00:00Z' and startTaskInfo/exitCode lt 1 and startTaskInfo/result ne 'success'"],
      Account_ListPoolNodeCounts: ["poolId eq 'p'"],
      File_ListFromTask: ["startswith(name,'wd/')"],
      Job_List: ["startswith(id,'a') and id gt 'a' and state ne 'active' and executionInfo/poolId eq 'p' and priority ge 5"],
      Pool_List: ["startswith(id,'a') and allocationState eq 'steady' and creationTime lt DateTime'2022-01-01T00:00:00Z'"],
      Task_List: ["executionInfo/endTime gt DateTime'2022-01-01T00:00:00Z' and nodeInfo/nodeId eq 'n' and executionInfo/result eq 'failure'"],
      JobSchedule_List: ["startswith(id,'a') and state eq 'active'"],
    })) {
      for (const text of texts) expect(() => read(operation as OperationId, text), operation).not.toThrow();
    }
  });

  const path = fc.array(fc.stringMatching(/^x[A-Za-z]{0,6}$/), { minLength: 1, maxLength: 3 });
  const literal: fc.Arbitrary<Literal> = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), value: fc.string() }),
    fc.record({ kind: fc.constant('number' as const), value: fc.integer() }),
    fc.record({ kind: fc.constant('flag' as const), value: fc.boolean() }),
    fc.record({ kind: fc.constant('time' as const), epochMs: fc.integer({ min: 0, max: 4_000_000_000_000 }) }),
    fc.constant({ kind: 'nothing' as const }),
  );
  const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
    filter: fc.oneof(
      { maxDepth: 4 },
      fc.record({ kind: fc.constant('compare' as const), path, operator: fc.constantFrom<Comparison>('eq', 'ne', 'gt', 'ge', 'lt', 'le'), literal }),
      fc.record({ kind: fc.constant('startsWith' as const), path, prefix: fc.string() }),
      fc.record({ kind: fc.constant('flag' as const), path }),
      fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('filter'), right: tie('filter') }),
      fc.record({ kind: fc.constant('not' as const), operand: tie('filter') }),
    ),
  }));

  test('what is printed is parsed as it was', () => {
    fc.assert(
      fc.property(filter, (one) => {
        expect(parseFilter(printFilter(one))).toEqual(one);
      }),
    );
  });

  test('no text makes the parser do anything but parse or refuse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[ ()',a-z0-9/-]{0,60}$/)), (text) => {
        try {
          parseFilter(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'InvalidQueryParameterValue' });
        }
      }),
    );
  });
});
