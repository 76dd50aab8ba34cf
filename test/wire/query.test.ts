import { describe, expect, test } from 'vitest';
import { evaluateConditions, type HeaderLookup } from '../../src/wire/conditions.ts';
import { fileContentType, fileHeaders, formatFileMode, parseByteRange, relativeFilePath } from '../../src/wire/files.ts';
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

  test.each(['0', '-1', '1001'])('maxresults=%s is out of range', (value) => {
    const error = errorOf(() => query('Task_List', `maxresults=${value}`));
    expect([error.status, error.code]).toEqual([400, 'OutOfRangeQueryParameterValue']);
    expect(valuesOf(error)).toMatchObject({ QueryParameterName: 'maxresults', QueryParameterValue: value });
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
    ['bytes=-', undefined],
    ['bytes=9-3', undefined],
    ['bytes=0-1,5-6', undefined],
    ['lines=0-1', undefined],
  ])('%s of a hundred bytes', (header, expected) => {
    expect(parseByteRange(header, 100)).toEqual(expected);
  });

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0'])('%s of a hundred bytes is 416', (header) => {
    const error = errorOf(() => parseByteRange(header, 100));
    expect([error.status, error.code]).toEqual([416, 'InvalidRange']);
  });

  test('any range of an empty file is 416', () => {
    expect(codeOf(() => parseByteRange('bytes=0-', 0))).toBe('InvalidRange');
    expect(codeOf(() => parseByteRange('bytes=-5', 0))).toBe('InvalidRange');
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
