import { describe, expect, test } from 'vitest';
import { evaluateConditions, type HeaderLookup } from '../../src/wire/conditions.ts';
import { fileContentType, fileHeaders, formatFileMode, rangeWithin, readByteRange, relativeFilePath } from '../../src/wire/files.ts';
import { matches } from '../../src/wire/odata.ts';
import { operations, type OperationId } from '../../src/wire/operations.ts';
import { applySelect, readQuery } from '../../src/wire/query.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';

function query(id: OperationId, text: string, version = '2022-10-01.16.0') {
  const operation = operations.find((row) => row.id === id);
  if (operation === undefined) throw new Error(id);
  return readQuery(operation, `api-version=${version}${text === '' ? '' : `&${text}`}`);
}

describe('query parameters', () => {
  test('without any, a list has pages of 1000', () => {
    expect(query('Task_List', '')).toMatchObject({ maxResults: 1000, filter: undefined, select: undefined, expandStats: false, recursive: false, skipToken: undefined, serverTimeoutMs: 30_000 });
  });

  test('names match in any case, the first of repeated ones counts, empty values are none', () => {
    expect(query('Task_List', 'MaxResults=5&maxresults=7&timeOut=10&$filter=')).toMatchObject({ maxResults: 5, serverTimeoutMs: 10_000, filter: undefined });
  });

  test('a continuation carries all the others', () => {
    const read = query('Task_List', '$filter=state%20eq%20%27completed%27&$select=id%2Cstate&maxresults=2&$skiptoken=abc');
    expect(read).toMatchObject({ skipToken: 'abc', maxResults: 2, select: [['id'], ['state']] });
    expect(read.filter).toMatchObject({ kind: 'compare', operator: 'eq' });
  });

  test.each(['0', '-1', '-5'])('maxresults=%s is refused as recorded', (value) => {
    const error = errorOf(() => query('Task_List', `maxresults=${value}`));
    expect([error.status, error.code]).toEqual([400, 'InvalidQueryParameterValue']);
    expect(valuesOf(error)).toEqual({ QueryParameterName: 'maxresults', QueryParameterValue: value, Reason: 'MaxResults cannot be less than 1' });
  });

  test('maxresults=1001 is out of range', () => {
    const error = errorOf(() => query('Task_List', 'maxresults=1001'));
    expect([error.status, error.code]).toEqual([400, 'OutOfRangeQueryParameterValue']);
    expect(valuesOf(error)).toMatchObject({ QueryParameterName: 'maxresults', QueryParameterValue: '1001' });
  });

  test.each([
    ['Task_List', "state eq 'done'", 'active, preparing, running, completed'],
    ['Task_List', "not (executionInfo/result ne 'failed')", 'success, failure'],
    ['Task_List', "id eq 'a' or previousState eq 'active '", 'active, preparing, running, completed'],
    ['Task_List', "executionInfo/failureInfo/category eq 'User'", 'UserError, ServerError'],
    ['Job_List', "state eq 'deleted'", 'active, disabling, disabled, enabling, terminating, completed, deleting'],
    ['Job_List', "onAllTasksComplete eq 'terminate'", 'noaction, terminatejob'],
    ['Pool_List', "state eq 'idle'", 'active, deleting'],
    ['Pool_List', "allocationState eq 'Stable'", 'steady, resizing, stopping'],
    ['ComputeNode_List', "state eq 'ready' and id eq 'n'", 'idle, rebooting'],
    ['ComputeNode_List', "startTaskInfo/result eq ''", 'success, failure'],
    ['Account_ListSupportedImages', "osType eq 'mac'", 'linux, windows'],
    ['Account_ListNodeAgentSkus', "osType eq 'tas\u212A'", 'linux, windows'],
  ] as const)('%s by %s: the values that there are', (id, filter, values) => {
    const error = errorOf(() => query(id, `$filter=${encodeURIComponent(filter)}`));
    expect([error.status, error.code]).toEqual([400, 'InvalidQueryParameterValue']);
    expect(valuesOf(error)).toMatchObject({ QueryParameterName: '$filter', QueryParameterValue: filter, Reason: expect.stringContaining(values) });
  });

  test('states in any case, and null, are values to filter by', () => {
    for (const filter of ["state eq 'Completed'", "state ne 'ACTIVE'", 'previousState eq null']) expect(query('Task_List', `$filter=${filter}`).filter).toBeDefined();
  });

  test('an id of a filter matches none that only looks like it; other texts compare as Unicode has it', () => {
    const filterOf = (text: string) => query('Task_List', `$filter=${encodeURIComponent(text)}`).filter ?? expect.fail();
    for (const text of ["id eq '\u212Ak'", "startswith(id,'\u212A')", "nodeInfo/nodeId eq '\u212Ak'"]) {
      expect(matches(filterOf(text), { id: 'Kk', nodeInfo: { nodeId: 'kk' } }), text).toBe(false);
    }
    expect(matches(filterOf("displayName eq '\u212A\u00C4'"), { displayName: 'k\u00E4' })).toBe(true);
  });

  test.each([
    ['2026-11-20', undefined],
    ['2026-11-21', 'UnsupportedRequestVersion'],
    ['9999-12-31', 'UnsupportedRequestVersion'],
    ['2026-12-01.26.0', 'UnsupportedRequestVersion'],
  ])('api-version %s on 20 November 2026: %s', (version, code) => {
    const [operation] = operations.filter(({ id }) => id === 'Pool_List');
    if (operation === undefined) throw new Error('no Pool_List');
    const read = () => readQuery(operation, `api-version=${version}`, Date.UTC(2026, 10, 20, 12));
    if (code === undefined) expect(read().version).toMatchObject({ revision: 25, newer: true });
    else expect(codeOf(read)).toBe(code);
  });

  test('nodecounts gives ten a page up to 2022-10, a thousand afterwards', () => {
    expect(query('Account_ListPoolNodeCounts', 'maxresults=10').maxResults).toBe(10);
    expect(codeOf(() => query('Account_ListPoolNodeCounts', 'maxresults=11'))).toBe('OutOfRangeQueryParameterValue');
    expect(query('Account_ListPoolNodeCounts', '', '2025-06-01').maxResults).toBe(1000);
  });

  test.each([
    ['Task_List', 'maxresults=many', 'InvalidQueryParameterValue'],
    ['Task_List', '$select=nothing', 'InvalidQueryParameterValue'],
    ['Task_List', '$select=executionInfo/nothing', 'InvalidQueryParameterValue'],
    ['Task_List', '$expand=everything', 'InvalidQueryParameterValue'],
    ['Task_List', '$filter=colour eq 1', 'InvalidQueryParameterValue'],
    ['File_ListFromTask', 'recursive=maybe', 'InvalidQueryParameterValue'],
    ['Task_List', 'timeout=soon', 'InvalidQueryParameterValue'],
    ['Pool_ListUsageMetrics', 'starttime=yesterday', 'InvalidQueryParameterValue'],
    ['Pool_Get', 'maxresults=5', 'UnsupportedQueryParameter'],
    ['Pool_Get', '$skiptoken=a', 'UnsupportedQueryParameter'],
    ['Pool_Add', '$orderby=id', 'UnsupportedQueryParameter'],
    ['Pool_List', 'a=%zz', 'RequestUrlFailedToParse'],
  ] as const)('%s?%s is %s', (id, text, code) => {
    const error = errorOf(() => query(id, text));
    expect([error.status, error.code]).toEqual([400, code]);
  });

  test('a timeout of more than 30 seconds is taken as 30', () => {
    expect(query('Pool_Get', 'timeout=300').serverTimeoutMs).toBe(30_000);
  });

  test('flags, times and statistics', () => {
    expect(query('File_ListFromTask', 'recursive=True').recursive).toBe(true);
    expect(query('Job_Delete', 'force=true').force).toBe(true);
    expect(query('Task_List', '$expand=stats').expandStats).toBe(true);
    expect(query('Task_List', '$select=id,stats').expandStats).toBe(true);
    expect(query('Pool_ListUsageMetrics', 'startTime=2022-01-01T00:00:00Z&endtime=2022-01-02T00:00:00Z')).toMatchObject({ startTimeMs: Date.UTC(2022, 0, 1), endTimeMs: Date.UTC(2022, 0, 2) });
  });

  test('$select takes names of the version and goes into objects and lists', () => {
    const { select } = query('Task_List', '$select=id,executionInfo/exitCode,resourceFiles/filePath');
    const task = { 'odata.metadata': 'm', id: 't', state: 'active', executionInfo: { exitCode: 1, retryCount: 0 }, resourceFiles: [{ filePath: 'a', httpUrl: 'b' }] };
    expect(applySelect(task, select)).toEqual({ 'odata.metadata': 'm', id: 't', executionInfo: { exitCode: 1 }, resourceFiles: [{ filePath: 'a' }] });
    expect(applySelect(task, undefined)).toEqual(task);
    expect(query('Pool_Get', '$select=maxTasksPerNode', '2019-08-01.10.0').select).toEqual([['maxTasksPerNode']]);
  });
});

describe('conditional headers', () => {
  const target = { eTag: '0x8DA9061B2F7BB2F', lastModifiedMs: Date.UTC(2022, 8, 6, 23, 44, 11, 515) };
  const at = 'Tue, 06 Sep 2022 23:44:11 GMT';
  const before = 'Tue, 06 Sep 2022 23:44:10 GMT';
  const headers = (values: Readonly<Record<string, string>>): HeaderLookup => (name) => values[name];
  const decide = (access: 'read' | 'write', values: Readonly<Record<string, string>>, resource: typeof target | undefined = target): string => {
    try {
      return evaluateConditions(headers(values), 'all4', access, resource);
    } catch (error) {
      return String((error as { code: string; status: number }).status);
    }
  };

  test.each([
    ['nothing asked', {}, 'proceed', 'proceed'],
    ['If-Match that matches', { 'if-match': target.eTag }, 'proceed', 'proceed'],
    ['If-Match in quotes', { 'if-match': `"${target.eTag}"` }, 'proceed', 'proceed'],
    ['If-Match among others', { 'if-match': `0x1, ${target.eTag}` }, 'proceed', 'proceed'],
    ['If-Match of another', { 'if-match': '0x1' }, '412', '412'],
    ['If-Match *', { 'if-match': '*' }, 'proceed', 'proceed'],
    ['If-None-Match that matches', { 'if-none-match': target.eTag }, 'notModified', '412'],
    ['If-None-Match *', { 'if-none-match': '*' }, 'notModified', '412'],
    ['If-None-Match of another', { 'if-none-match': '0x1' }, 'proceed', 'proceed'],
    ['If-Modified-Since the same second', { 'if-modified-since': at }, 'notModified', '412'],
    ['If-Modified-Since before', { 'if-modified-since': before }, 'proceed', 'proceed'],
    ['If-Unmodified-Since the same second', { 'if-unmodified-since': at }, 'proceed', 'proceed'],
    ['If-Unmodified-Since before', { 'if-unmodified-since': before }, '412', '412'],
    ['If-Match and If-Unmodified-Since', { 'if-match': target.eTag, 'if-unmodified-since': before }, '412', '412'],
    ['If-None-Match over If-Modified-Since', { 'if-none-match': '0x1', 'if-modified-since': at }, 'proceed', 'proceed'],
    ['pairs that contradict each other', { 'if-match': target.eTag, 'if-none-match': '0x1' }, '400', '400'],
    ['a date that is none', { 'if-modified-since': 'yesterday' }, '400', '400'],
  ])('%s', (_name, values, read, write) => {
    expect([decide('read', values), decide('write', values)]).toEqual([read, write]);
  });

  test('a resource that does not exist matches no tag', () => {
    const missing = (values: Readonly<Record<string, string>>): string => {
      try {
        return evaluateConditions(headers(values), 'all4', 'write', undefined);
      } catch (error) {
        return String((error as { code: string }).code);
      }
    };
    expect(missing({ 'if-match': '*' })).toBe('ConditionNotMet');
    expect(missing({ 'if-none-match': '*' })).toBe('proceed');
  });

  test('an operation that takes dates alone refuses tags; one that takes none refuses all', () => {
    expect(codeOf(() => evaluateConditions(headers({ 'if-match': '*' }), 'time', 'read', target))).toBe('UnsupportedHeader');
    expect(evaluateConditions(headers({ 'if-modified-since': at }), 'time', 'read', target)).toBe('notModified');
    expect(codeOf(() => evaluateConditions(headers({ 'if-modified-since': at }), 'none', 'read', target))).toBe('UnsupportedHeader');
  });
});

describe('files', () => {
  const rangeOf = (header: string | undefined, sizeBytes: number) => {
    const asked = readByteRange('Range', header);
    return asked && rangeWithin(asked, sizeBytes);
  };

  test('headers are those of the service', () => {
    const file = { sizeBytes: 5, modifiedMs: Date.UTC(2022, 8, 6, 23, 45, 31), isDirectory: false, mode: 0o100644, url: 'http://host/jobs/j/tasks/t/files/stdout.txt' };
    expect(fileHeaders(file)).toEqual({
      'Content-Type': 'text/plain',
      'Last-Modified': 'Tue, 06 Sep 2022 23:45:31 GMT',
      'ocp-batch-file-isdirectory': 'False',
      'ocp-batch-file-mode': '0o100644',
      'ocp-batch-file-url': 'http%3A%2F%2Fhost%2Fjobs%2Fj%2Ftasks%2Ft%2Ffiles%2Fstdout.txt',
    });
    expect(fileHeaders({ ...file, isDirectory: true, mode: undefined, createdMs: file.modifiedMs })).toMatchObject({ 'ocp-batch-file-isdirectory': 'True', 'ocp-creation-time': 'Tue, 06 Sep 2022 23:45:31 GMT' });
    expect([fileContentType('a.png'), fileContentType('a'), fileContentType('b.LOG'), formatFileMode(0o40755)]).toEqual([
      'application/octet-stream',
      'application/octet-stream',
      'text/plain',
      '0o40755',
    ]);
  });

  test.each([
    ['bytes=0-9', { firstByte: 0, lastByte: 9 }],
    ['bytes=90-', { firstByte: 90, lastByte: 99 }],
    ['bytes=90-200', { firstByte: 90, lastByte: 99 }],
    ['bytes=-10', { firstByte: 90, lastByte: 99 }],
    ['bytes=-200', { firstByte: 0, lastByte: 99 }],
    [undefined, undefined],
  ])('%s of a hundred bytes', (header, expected) => {
    expect(rangeOf(header, 100)).toEqual(expected);
  });

  test.each(['bytes=-', 'bytes=', 'bytes=9-3', 'bytes=0-1,5-6', 'lines=0-1', 'bytes=x-y', 'nonsense', ''])('%j is no range: 400', (header) => {
    const error = errorOf(() => readByteRange('ocp-range', header));
    expect([error.status, error.code]).toEqual([400, 'InvalidHeaderValue']);
    expect(valuesOf(error)).toMatchObject({ HeaderName: 'ocp-range', HeaderValue: header, Reason: expect.any(String) });
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s of a hundred bytes is 416', (header) => {
    const error = errorOf(() => rangeOf(header, 100));
    expect([error.status, error.code]).toEqual([416, 'InvalidRange']);
  });

  test('any range of an empty file is 416', () => {
    expect(codeOf(() => rangeOf('bytes=0-', 0))).toBe('InvalidRange');
    expect(codeOf(() => rangeOf('bytes=-5', 0))).toBe('InvalidRange');
  });

  test.each([
    ['stdout.txt', 'stdout.txt'],
    ['wd/./sub//x y.txt', 'wd/sub/x y.txt'],
    ['wd/', 'wd'],
    ['a\\b', 'a\\b'],
    ['..', undefined],
    ['wd/../../secret', undefined],
    ['wd\\..\\secret', undefined],
    ['/etc/passwd', undefined],
    ['C:\\secret', undefined],
    ['a\0b', undefined],
    ['', undefined],
    ['.', undefined],
  ])('%j below the root is %s', (path, expected) => {
    expect(relativeFilePath(path)).toBe(expected);
  });
});
