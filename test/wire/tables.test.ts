import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { generateTypes, PLANES } from '../../scripts/generate-shapes.ts';
import { type ShapeName, dataContract } from '../../src/wire/dataContract.ts';
import { BatchError, errorBody, errorItem, ERRORS, invalidHeader, invalidProperty, invalidQuery, type ErrorCode } from '../../src/wire/errors.ts';
import { filterTables } from '../../src/wire/filters.ts';
import { agentOfImage, imageProblem, osOfAgent, supportedImages } from '../../src/wire/images.ts';
import { managementShapes } from '../../src/wire/management/shapes/index.ts';
import { matchOperation, operations } from '../../src/wire/operations.ts';
import { ENUMS, YOUNG_VALUES } from '../../src/wire/shapes/enums.ts';
import { shapes } from '../../src/wire/shapes/index.ts';
import { API_VERSIONS, NEWEST_API_VERSION, parseApiVersion } from '../../src/wire/versions.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';

describe('shapes', () => {
  test.each(PLANES)('$folder/types.generated.ts is what the generator makes of the table', (plane) => {
    expect(readFileSync(plane.types, 'utf8')).toBe(generateTypes(plane));
  });

  const scalars = ['string', 'boolean', 'int32', 'int64', 'double', 'timestamp', 'duration', 'map'];

  test.each(Object.keys(shapes) as ShapeName[])('%s: every row names a type there is, bounds that fit it, and revisions in order', (shape) => {
    for (const [name, row] of dataContract.rowsOf(shape)) {
      expect(dataContract.isShape(row.type) || dataContract.enumValues(row.type) !== undefined || scalars.includes(row.type), `${name}: ${row.type}`).toBe(true);
      if (row.since !== undefined && row.until !== undefined) expect(row.since).toBeLessThanOrEqual(row.until);
      if (row.minimum !== undefined) expect(typeof row.minimum).toBe(row.type === 'duration' ? 'string' : 'number');
      if (row.maxLength !== undefined) expect(row.type).toBe('string');
      if (row.maxItems !== undefined) expect(row.list).toBe(true);
      if (row.code !== undefined) expect(ERRORS[row.code].status).toBe(400);
    }
  });

  test('no two enums have a value twice, and replacements for old clients are values themselves', () => {
    for (const [name, values] of Object.entries(ENUMS)) expect(new Set(values.map((value) => value.toLowerCase())).size, name).toBe(values.length);
    for (const [name, values] of Object.entries(YOUNG_VALUES)) {
      for (const [value, { before }] of Object.entries(values)) {
        const known: readonly string[] = ENUMS[name as keyof typeof ENUMS];
        expect(known).toContain(value);
        expect(known).toContain(before);
      }
    }
  });
});

describe('shapes of the management plane', () => {
  test('have a name each: none hides that of another file', async () => {
    const folder = new URL('../../src/wire/management/shapes/', import.meta.url);
    const files = readdirSync(folder).filter((file) => file !== 'index.ts' && file !== 'enums.ts');
    const tables = await Promise.all(files.map(async (file) => Object.values((await import(new URL(file, folder).href)) as Record<string, object>)));
    const names = tables.flat().flatMap((table) => Object.keys(table));
    expect(names.toSorted()).toEqual(Object.keys(managementShapes).toSorted());
  });
});

describe('errors', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])('%s has a status of HTTP and a sentence, and its body has the form of the service', (code) => {
    const { status, sentence } = ERRORS[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    // Recorded without a full stop.
    if (code !== 'LifetimeStatsAPIRetired') expect(sentence).toMatch(/^[A-Z].*\.$/);
    const error = new BatchError(code);
    expect([error.status, error.message, error.values]).toEqual([status, sentence, []]);
    expect(errorBody(error, { requestId: 'id', nowMs: 0, baseUrl: 'http://host' })).toEqual({
      'odata.metadata': 'http://host/$metadata#Microsoft.Azure.Batch.Protocol.Entities.Container.errors/@Element',
      code,
      message: { lang: 'en-US', value: `${sentence}\nRequestId:id\nTime:1970-01-01T00:00:00Z` },
    });
  });

  test('values come with their keys; a long value is cut', () => {
    const context = { requestId: 'id', nowMs: 0 };
    expect(errorItem(invalidProperty('vmSize', 'x'.repeat(1000), 'why'), context)).toMatchObject({
      code: 'InvalidPropertyValue',
      values: [
        { key: 'PropertyName', value: 'vmSize' },
        { key: 'PropertyValue', value: `${'x'.repeat(256)}…` },
        { key: 'Reason', value: 'why' },
      ],
    });
    expect(valuesOf(invalidQuery('maxresults', '0', 'why'))).toEqual({ QueryParameterName: 'maxresults', QueryParameterValue: '0', Reason: 'why' });
    expect(valuesOf(invalidHeader('If-Match', 'x', 'why'))).toEqual({ HeaderName: 'If-Match', HeaderValue: 'x', Reason: 'why' });
  });

  test('a caller without credentials may be answered 401', () => {
    expect(new BatchError('AuthenticationFailed', [], { status: 401 }).status).toBe(401);
  });
});

describe('API versions', () => {
  test.each(API_VERSIONS.map(({ text, revision }) => [text, revision] as const))('%s is served as revision %d', (text, revision) => {
    expect(parseApiVersion(text)).toMatchObject({ text, revision, newer: false });
  });

  test('they stand in order', () => {
    const texts = API_VERSIONS.map(({ text }) => text);
    expect(texts).toEqual(texts.toSorted());
  });

  test.each(['2025-06-02', '2026-08-01', '2026-10-01.26.0'])('%s is newer than known: served as the newest, and said so', (text) => {
    expect(parseApiVersion(text, Date.UTC(2026, 11, 1))).toEqual({ text, revision: NEWEST_API_VERSION.revision, newer: true });
  });

  test.each(['2014-10-01.1.0', '2015-12-01.2.2', '2016-12-01.4.0', '2019-01-01.8.1', '2024-12-01', 'latest', '2025-6-1', '2026-13-01', '2022-10-01.16'])(
    '%s is refused with 400',
    (text) => {
      const error = errorOf(() => parseApiVersion(text));
      expect([error.status, error.code]).toEqual([400, 'UnsupportedRequestVersion']);
    },
  );

  test.each([undefined, ''])('a missing version is refused with 400', (text) => {
    const error = errorOf(() => parseApiVersion(text));
    expect([error.status, error.code]).toEqual([400, 'MissingRequiredQueryParameter']);
    expect(valuesOf(error)['QueryParameterName']).toBe('api-version');
  });
});

describe('operations', () => {
  const example = (path: string): string => path.replace('{thumbprintAlgorithm}', 'sha1').replace('{thumbprint}', 'ab12').replace(/\{(\w+)\}/g, 'the-$1');

  test.each(operations.map((row) => [row.method, row.path, row] as const))('%s %s is found by its path', (method, path, row) => {
    const { operation, params } = matchOperation(method, example(path));
    expect(operation).toBe(row);
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');
    expect(Object.keys(params).toSorted()).toEqual(names.toSorted());
    for (const name of names) expect(params[name]).toBe({ thumbprintAlgorithm: 'sha1', thumbprint: 'ab12' }[name] ?? `the-${name}`);
  });

  test('ids are their own', () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });

  test('every list with a filter has a table of what it can be filtered by, with properties of its items', () => {
    for (const { id, query, response } of operations) {
      if (!query?.includes('$filter')) continue;
      const list = response === undefined ? undefined : dataContract.rowsOf(response).find(([name]) => name === 'value')?.[1].type;
      const table = filterTables[id];
      expect(table, id).toBeDefined();
      for (const path of Object.keys(table ?? {})) expect(typeAt(list ?? '', path.split('/')), `${id} ${path}`).toBeDefined();
    }
  });

  function typeAt(shape: string, [first = '', ...rest]: readonly string[]): string | undefined {
    const type = dataContract.isShape(shape) ? dataContract.rowsOf(shape).find(([name]) => name === first)?.[1].type : undefined;
    return type === undefined || rest.length === 0 ? type : typeAt(type, rest);
  }

  test('a file path keeps its slashes, sent raw or encoded; other parameters are one segment', () => {
    for (const path of ['wd%2Fsub%2Fx%20y.txt', 'wd/sub/x%20y.txt']) {
      expect(matchOperation('GET', `/jobs/j/tasks/t/files/${path}`).params).toEqual({ jobId: 'j', taskId: 't', filePath: 'wd/sub/x y.txt' });
    }
    expect(matchOperation('GET', '/jobs/JobScheduler%3Ajob-1/tasks').params).toEqual({ jobId: 'JobScheduler:job-1' });
    expect(matchOperation('GET', '/jobs/JobScheduler:job-1').params).toEqual({ jobId: 'JobScheduler:job-1' });
    expect(matchOperation('GET', '/jobs/a%2Fb').params).toEqual({ jobId: 'a/b' });
  });

  test('fixed segments match in any case, ids keep theirs, a slash at the end does no harm', () => {
    expect(matchOperation('GET', '/Jobs/JoB/TaskCounts').params).toEqual({ jobId: 'JoB' });
    expect(matchOperation('GET', '/pools/').operation.id).toBe('Pool_List');
  });

  test.each(['/', '/nothing', '/pools/p/unknown', '/pools//nodes', '/jobs/j/tasks/t/fils/f', '', '/certificates(thumbprint=a)', '/jobs/j/tasks/t/u/v/w'])(
    '%s names nothing: 400 InvalidUri',
    (path) => {
      const error = errorOf(() => matchOperation('GET', path));
      expect([error.status, error.code]).toEqual([400, 'InvalidUri']);
    },
  );

  test('a verb the path does not take is 405', () => {
    for (const [method, path] of [['PUT', '/pools'], ['DELETE', '/jobs'], ['PATCH', '/jobs/j/tasks/t'], ['BREW', '/pools/p']] as const) {
      const error = errorOf(() => matchOperation(method, path));
      expect([error.status, error.code]).toEqual([405, 'UnsupportedHttpVerb']);
    }
  });

  test('broken percent-encoding is 400', () => {
    expect(codeOf(() => matchOperation('GET', '/jobs/%zz'))).toBe('RequestUrlFailedToParse');
  });
});

describe('images', () => {
  test.each(supportedImages.map((image) => [image.imageReference?.offer, image.imageReference?.sku, image] as const))('%s %s has a node agent of its operating system', (_offer, _sku, image) => {
    expect(osOfAgent(image.nodeAgentSKUId.toUpperCase())).toBe(image.osType);
    const { publisher = '', offer = '', sku = '' } = image.imageReference ?? {};
    expect(agentOfImage({ publisher: publisher.toUpperCase(), offer: offer.toUpperCase(), sku: sku.toUpperCase() })).toBe(image.nodeAgentSKUId);
  });

  test('images that samples and clients ask for are there', () => {
    const asked = [
      ['Canonical', 'UbuntuServer', '18.04-LTS', 'batch.node.ubuntu 18.04'],
      ['canonical', '0001-com-ubuntu-server-focal', '20_04-lts', 'batch.node.ubuntu 20.04'],
      ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts', 'batch.node.ubuntu 22.04'],
      ['canonical', 'ubuntu-24_04-lts', 'server', 'batch.node.ubuntu 24.04'],
      ['microsoft-dsvm', 'ubuntu-hpc', '2404', 'batch.node.ubuntu 24.04'],
      ['debian', 'debian-12', '12', 'batch.node.debian 12'],
      ['MicrosoftWindowsServer', 'WindowsServer', '2019-Datacenter-Core', 'batch.node.windows amd64'],
    ] as const;
    for (const [publisher, offer, sku, agent] of asked) expect(agentOfImage({ publisher, offer, sku })).toBe(agent);
    expect(osOfAgent('batch.node.windows amd64')).toBe('windows');
    expect(osOfAgent('batch.node.beos')).toBeUndefined();
  });

  test.each([
    ['WindowsServer', 'MicrosoftWindowsServer', '2016-Datacenter', 'microsoftwindowsserver offer windowsserver sku 2016-datacenter'],
    ['Canonical', '0001-com-ubuntu-server-jamy', '22_04-lts', 'canonical offer 0001-com-ubuntu-server-jammy sku 22_04-lts'],
    ['cannonical', '0001-com-ubuntu-server-jammy', '22_04-lts', 'canonical offer 0001-com-ubuntu-server-jammy sku 22_04-lts'],
    ['canonical', '0001-com-ubuntu-server-jammy', '22.04-LTS', 'canonical offer 0001-com-ubuntu-server-jammy sku 22_04-lts'],
    ['canonical', '22_04-lts', '0001-com-ubuntu-server-jammy', 'canonical offer 0001-com-ubuntu-server-jammy sku 22_04-lts'],
    ['debian', 'debian12', '12', 'debian offer debian-12 sku 12'],
  ])('%s %s %s is an image of the catalogue written otherwise, which is named', (publisher, offer, sku, named) => {
    expect(imageProblem({ publisher, offer, sku })).toBe(`The specified imageReference with publisher ${publisher} offer ${offer} sku ${sku} is not supported. There is one with publisher ${named}.`);
  });

  test.each([['a', 'b', 'c'], ['nobody', 'x', 'y'], ['canonical', 'ubuntu', '22'], ['canonical', 'nosuch', '22_04-lts']])('nobody has %s %s %s', (publisher, offer, sku) => {
    expect(imageProblem({ publisher, offer, sku })).toBe(`The specified imageReference with publisher ${publisher} offer ${offer} sku ${sku} is not supported.`);
  });

  test('SKUs of known offers that the catalogue lacks are taken: new ones appear every month', () => {
    for (const [publisher = '', offer = '', sku = ''] of [
      ['canonical', '0001-com-ubuntu-server-jammy', '22_04-lts-arm64'],
      ['MicrosoftWindowsServer', 'WindowsServer', '2012-Datacenter'],
      ['MicrosoftWindowsServer', 'WindowsServer', '2025-datacenter'],
      ['Oracle', 'Oracle-Linux', '7.4'],
    ]) {
      expect(imageProblem({ publisher, offer, sku })).toBeUndefined();
    }
  });
});
