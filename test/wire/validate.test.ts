import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ShapeName, dataContract } from '../../src/wire/dataContract.ts';
import { readTaskCollection } from '../../src/wire/taskCollection.ts';
import { acceptedNotEnforced, REFUSED } from '../../src/wire/accepted.ts';
import { formatDuration, parseDuration } from '../../src/wire/durations.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
import { API_VERSIONS, NEWEST_API_VERSION, parseApiVersion } from '../../src/wire/versions.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';
import { bodyShapes, requestShapes, sampleOf, valueOf } from './samples.ts';

const classic = parseApiVersion('2023-11-01.18.0');

interface Site {
  readonly shape: ShapeName;
  readonly name: string;
  readonly row: PropertyRow;
}

/** Every property a request may carry that this revision knows; those that older ones knew are tried in theirs. */
const sites: readonly Site[] = requestShapes().flatMap((shape) =>
  dataContract.rowsOf(shape)
    .filter(([, row]) => row.readOnly !== true)
    .map(([name, row]) => ({ shape, name, row })),
);

function versionFor({ until }: PropertyRow) {
  if (until === undefined) return NEWEST_API_VERSION;
  return until >= 18 ? classic : parseApiVersion(API_VERSIONS.find(({ revision }) => revision === until)?.text);
}

function read(site: Site, value: unknown): unknown {
  const version = versionFor(site.row);
  return dataContract.readBody(site.shape, version, { ...sampleOf(site.shape, version.revision), [site.name]: value });
}

function label({ shape, name }: Site): readonly [string, string] {
  return [shape, name];
}
function each(some: readonly Site[]) {
  return some.map((site) => [...label(site), site] as const);
}

test.each(bodyShapes)('the smallest %s is taken', (shape) => {
  for (const version of [NEWEST_API_VERSION, classic]) {
    if (shape === 'PoolUpgradeOs' || (version === NEWEST_API_VERSION && shape === 'CertificateAdd')) continue;
    expect(() => dataContract.readBody(shape, version, sampleOf(shape, version.revision))).not.toThrow();
  }
});

describe('what every property of a request has in common', () => {
  test('an unknown property is InvalidRequestBody, at whatever depth', () => {
    for (const shape of requestShapes()) {
      const error = errorOf(() => dataContract.readBody(shape, NEWEST_API_VERSION, { ...sampleOf(shape), colour: 'red' }));
      expect([error.status, error.code], shape).toEqual([400, 'InvalidRequestBody']);
      const type = `Microsoft.Azure.Batch.Protocol.Entities.${shape}`;
      const reason = `The property 'colour' does not exist on type '${type}'. Make sure to only use property names that are defined by the type.`;
      expect(valuesOf(error)).toEqual({ Reason: reason });
    }
  });

  test('null stands for absent, annotations are no properties', () => {
    for (const { shape, name, row } of sites) {
      if (row.required === true || row.until !== undefined || name in sampleOf(shape)) continue;
      expect(() => dataContract.readBody(shape, NEWEST_API_VERSION, { ...sampleOf(shape), [name]: null, 'odata.type': 'x', [`${name}@odata.type`]: 'y' }), `${shape}.${name}`).not.toThrow();
    }
  });

  test.each(each(sites.filter(({ row }) => row.type !== 'map')))('%s.%s of a wrong JSON type is InvalidRequestBody', (_shape, _name, site) => {
    const wrong = dataContract.isShape(site.row.type) ? 'text' : { an: 'object' };
    expect(codeOf(() => read(site, site.row.list === true ? [wrong] : wrong))).toBe('InvalidRequestBody');
    if (site.row.list === true) expect(codeOf(() => read(site, { an: 'object' }))).toBe('InvalidRequestBody');
  });

  const required = sites.filter(({ row }) => row.required === true && row.since === undefined);
  test.each(each(required))('%s without %s is MissingRequiredProperty', (_shape, _name, site) => {
    const version = versionFor(site.row);
    const { [site.name]: _left, ...rest } = sampleOf(site.shape, version.revision);
    const error = errorOf(() => dataContract.readBody(site.shape, version, rest));
    expect([error.status, error.code]).toEqual([400, 'MissingRequiredProperty']);
    expect(valuesOf(error)['PropertyName']).toBe(site.name);
  });

  test('a body that is no object is InvalidRequestBody', () => {
    for (const json of [[], 'text', 5, true, null, undefined]) expect(codeOf(() => dataContract.readBody('JobAdd', NEWEST_API_VERSION, json))).toBe('InvalidRequestBody');
  });
});

describe('enums', () => {
  test.each(each(sites.filter(({ row }) => dataContract.enumValues(row.type) !== undefined)))('%s.%s takes its values in any case and no others', (_shape, _name, site) => {
    const wrap = (value: string): unknown => (site.row.list === true ? [value] : value);
    const error = errorOf(() => read(site, wrap('nonsense')));
    expect([error.status, error.code]).toEqual([400, 'InvalidPropertyValue']);
    expect(valuesOf(error)).toMatchObject({ PropertyName: site.name, PropertyValue: 'nonsense' });
    for (const value of dataContract.enumValues(site.row.type) ?? []) {
      const canonical = read(site, wrap(value.toUpperCase())) as Record<string, unknown>;
      expect(canonical[site.name]).toEqual(wrap(value));
    }
  });
});

describe('bounds', () => {
  const bounded = (kind: keyof PropertyRow): readonly Site[] => sites.filter(({ row }) => row[kind] !== undefined);
  const refusal = (site: Site): string => site.row.code ?? 'InvalidPropertyValue';
  const numbers = (kind: 'minimum' | 'maximum', step: 1 | -1) => each(bounded(kind).filter(({ row }) => typeof row[kind] === 'number')).map((one) => [...one, step] as const);

  test.each([...numbers('minimum', -1), ...numbers('maximum', 1)])('%s.%s ends at its bound', (_shape, _name, site, step) => {
    const bound = Number(step < 0 ? site.row.minimum : site.row.maximum);
    const error = errorOf(() => read(site, bound + step));
    expect([error.status, error.code]).toEqual([400, refusal(site)]);
    // The bound itself passes unless a rule between properties speaks; those are tested on their own.
    if (!/Port|taskSlots/i.test(site.name)) expect(() => read(site, bound)).not.toThrow();
  });

  const durations = sites.filter(({ row }) => typeof row.minimum === 'string' && row.minimum !== 'PT0S');
  test.each(each(durations))('%s.%s is no shorter than its least', (_shape, _name, site) => {
    const least = parseDuration(String(site.row.minimum)) ?? Number.NaN;
    expect(codeOf(() => read(site, formatDuration(least - 1000)))).toBe('InvalidPropertyValue');
    expect(() => read(site, formatDuration(least))).not.toThrow();
  });

  test.each(each(sites.filter(({ row }) => typeof row.maximum === 'string')))('%s.%s is no longer than its most', (_shape, _name, site) => {
    const most = parseDuration(String(site.row.maximum)) ?? Number.NaN;
    expect(codeOf(() => read(site, formatDuration(most + 1000)))).toBe('InvalidPropertyValue');
    expect(() => read(site, formatDuration(most))).not.toThrow();
  });

  test.each(each(bounded('maxLength')))('%s.%s is no longer than its length', (_shape, _name, site) => {
    const { maxLength = 0 } = site.row;
    const error = errorOf(() => read(site, 'a'.repeat(maxLength + 1)));
    expect([error.status, error.code]).toEqual([400, refusal(site)]);
    // Sizes of machines are those of a table, and a formula belongs to a pool that is scaled by one.
    if (!/vmSize|autoScaleFormula/.test(site.name)) expect(() => read(site, 'a'.repeat(maxLength))).not.toThrow();
  });

  test.each(each(bounded('minLength')))('%s.%s is not empty', (_shape, _name, site) => {
    expect(codeOf(() => read(site, ''))).toBe(refusal(site));
    expect(() => read(site, 'a')).not.toThrow();
  });

  test.each(each(bounded('maxItems')))('%s.%s has no more items than it may', (_shape, _name, site) => {
    const [item] = valueOf(site.row, versionFor(site.row).revision) as readonly unknown[];
    const { maxItems = 0, minItems = 0 } = site.row;
    expect(codeOf(() => read(site, Array.from({ length: maxItems + 1 }, () => item)))).toBe(refusal(site));
    // Two of one name are refused, which each mount has.
    if (site.name !== 'mountConfiguration') expect(() => read(site, Array.from({ length: maxItems }, () => item))).not.toThrow();
    if (minItems > 0) expect(codeOf(() => read(site, []))).toBe(refusal(site));
  });

  const ids = sites.filter(({ row }) => row.rule === 'id');
  test.each(each(ids))('%s.%s is 1 to 64 letters, digits, hyphens and underscores', (_shape, _name, site) => {
    for (const id of ['', 'a b', 'a/b', 'a:b', 'ü', 'a.b', 'x'.repeat(65)]) {
      const error = errorOf(() => read(site, site.row.list === true ? [id] : id));
      expect([error.status, error.code], id).toEqual([400, 'InvalidPropertyValue']);
    }
    for (const id of ['a', 'x'.repeat(64)]) expect(() => read(site, site.row.list === true ? [id] : id)).not.toThrow();
  });

  test('any id of legal characters is taken as it is written', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), (id) => {
        expect(dataContract.readBody('TaskAdd', NEWEST_API_VERSION, { id, commandLine: 'true' }).id).toBe(id);
      }),
    );
  });

  test('maxParallelTasks is -1 or more than 0', () => {
    for (const shape of ['JobAdd', 'JobPatch', 'JobPut'] as const) {
      expect(codeOf(() => dataContract.readBody(shape, NEWEST_API_VERSION, { ...sampleOf(shape), maxParallelTasks: 0 }))).toBe('InvalidPropertyValue');
      expect(dataContract.readBody(shape, NEWEST_API_VERSION, { ...sampleOf(shape), maxParallelTasks: -1 }).maxParallelTasks).toBe(-1);
    }
  });

  test('a file mode is octal', () => {
    const file = { httpUrl: 'http://host/file', filePath: 'file' };
    expect(dataContract.readBody('ResourceFile', NEWEST_API_VERSION, { ...file, fileMode: '0770' }).fileMode).toBe('0770');
    for (const fileMode of ['rwx', '0999', '77777']) expect(codeOf(() => dataContract.readBody('ResourceFile', NEWEST_API_VERSION, { ...file, fileMode }))).toBe('InvalidPropertyValue');
  });

  test('32-bit integers have 32 bits', () => {
    for (const code of [2 ** 31, -(2 ** 31) - 1, 1.5, Number.NaN]) {
      expect(codeOf(() => dataContract.readBody('ExitCodeMapping', NEWEST_API_VERSION, { code, exitOptions: {} }))).toBe('InvalidRequestBody');
    }
  });

  test('malformed durations and timestamps are InvalidRequestBody', () => {
    for (const retentionTime of ['7 days', 'P', 'PT', '-P1D', '00:05:00', 'P1H', 5]) {
      expect(codeOf(() => dataContract.readBody('TaskConstraints', NEWEST_API_VERSION, { retentionTime })), String(retentionTime)).toBe('InvalidRequestBody');
    }
    for (const doNotRunUntil of ['tomorrow', '2026-02-30T00:00:00Z', '2026-11-20', 5]) {
      expect(codeOf(() => dataContract.readBody('Schedule', NEWEST_API_VERSION, { doNotRunUntil })), String(doNotRunUntil)).toBe('InvalidRequestBody');
    }
  });
});

describe('canonical form', () => {
  test('has properties in the order of the table, whatever the order sent', () => {
    const sent = { environmentSettings: [{ value: 'v', name: 'n' }], commandLine: 'c', displayName: 'd', id: 'i' };
    const canonical = dataContract.readBody('TaskAdd', NEWEST_API_VERSION, sent);
    expect(JSON.stringify(canonical)).toBe('{"id":"i","displayName":"d","commandLine":"c","environmentSettings":[{"name":"n","value":"v"}]}');
  });

  test('durations and sizes are spelled as the service spells them', () => {
    const pool = dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...sampleOf('PoolAdd'), vmSize: 'STANDARD_D1_V2', resizeTimeout: 'PT06M00S' });
    expect([pool.vmSize, pool.resizeTimeout]).toEqual(['standard_d1_v2', 'PT6M']);
  });

  test('older versions call some properties otherwise, and know no newer ones', () => {
    const old = parseApiVersion('2018-08-01.7.0');
    const { maxTasksPerNode, ...pool } = { ...sampleOf('PoolAdd', 7), maxTasksPerNode: 4 };
    expect(dataContract.readBody('PoolAdd', old, { ...pool, maxTasksPerNode }).taskSlotsPerNode).toBe(4);
    expect(codeOf(() => dataContract.readBody('PoolAdd', old, { ...pool, taskSlotsPerNode: 4 }))).toBe('InvalidRequestBody');
    expect(codeOf(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, maxTasksPerNode }))).toBe('InvalidRequestBody');
    expect(dataContract.readBody('ResourceFile', old, { blobSource: 'http://host/file', filePath: 'f' }).httpUrl).toBe('http://host/file');
    expect(codeOf(() => dataContract.readBody('TaskAdd', old, { id: 't', commandLine: 'true', requiredSlots: 1 }))).toBe('InvalidRequestBody');
    expect(codeOf(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { ...pool, targetNodeCommunicationMode: 'default' }))).toBe('InvalidRequestBody');
  });

  test('prototype names are unknown properties like any other', () => {
    for (const json of ['{"id":"t","commandLine":"true","__proto__":{"a":1}}', '{"id":"t","commandLine":"true","constructor":1}']) {
      expect(codeOf(() => dataContract.readBody('TaskAdd', NEWEST_API_VERSION, JSON.parse(json)))).toBe('InvalidRequestBody');
    }
  });
});

describe('addtaskcollection', () => {
  test('a task that the service refuses answers for itself, the others are taken', () => {
    const items = readTaskCollection(NEWEST_API_VERSION, {
      value: [
        { id: 'good', commandLine: 'true' },
        { id: 'bad id', commandLine: 'true' },
        { id: 'empty', commandLine: '' },
      ],
    });
    expect(items.map((item) => ('error' in item ? `${item.taskId}: ${item.error.code}` : item.task.id))).toEqual([
      'good',
      'bad id: InvalidPropertyValue',
      'empty: InvalidPropertyValue',
    ]);
  });

  test.each([
    ['nothing', {}, 'MissingRequiredProperty'],
    ['no array', { value: {} }, 'InvalidRequestBody'],
    ['an unknown property beside value', { value: [], colour: 1 }, 'InvalidRequestBody'],
    ['an unknown property in a task', { value: [{ id: 'a', commandLine: 'b', colour: 1 }] }, 'InvalidRequestBody'],
    ['a task without id', { value: [{ commandLine: 'true' }] }, 'MissingRequiredProperty'],
    ['no tasks', { value: [] }, 'InvalidRequestBody'],
    ['101 tasks', { value: Array.from({ length: 101 }, (_, index) => ({ id: `t${index}`, commandLine: 'true' })) }, 'InvalidRequestBody'],
  ])('a body with %s is refused whole', (_name, json, code) => {
    expect(codeOf(() => readTaskCollection(NEWEST_API_VERSION, json))).toBe(code);
  });
});

describe('what this service does not do', () => {
  const rows = Object.entries(REFUSED).map(([path, { unless }]) => {
    const [shape, name] = path.split('.') as [ShapeName, string];
    const row = dataContract.rowsOf(shape).find(([property]) => property === name)?.[1];
    return [path, { shape, name, row: row ?? { type: 'string' } }, row !== undefined, unless] as const;
  });

  test.each(rows)('%s is refused with the reason, and taken where it asks for nothing', (path, site, known, unless) => {
    expect(known, `${path} stands in the shape table`).toBe(true);
    const version = versionFor(site.row);
    const sample = sampleOf(site.shape, version.revision);
    const body = { ...sample, [site.name]: unless === 'false' ? true : valueOf(site.row, version.revision) };
    const fitted = {
      'UserIdentity.username': { username: 'someone' },
      'JobAdd.jobReleaseTask': { ...body, jobPreparationTask: sampleOf('JobPreparationTask') },
      ...Object.fromEntries(['PoolAdd', 'PoolSpecification'].flatMap((shape) => [
        [`${shape}.autoScaleFormula`, { ...body, enableAutoScale: true }],
        [`${shape}.enableAutoScale`, { ...body, autoScaleFormula: '$TargetDedicatedNodes=1;' }],
      ])),
    }[path];
    const error = errorOf(() => dataContract.readBody(site.shape, version, fitted ?? body));
    expect([error.status, error.code]).toEqual([400, 'UnsupportedProperty']);
    expect(valuesOf(error)['Reason']).not.toBe('');
    if (unless !== undefined) expect(() => dataContract.readBody(site.shape, version, { ...sample, [site.name]: unless === 'false' ? false : [] })).not.toThrow();
  });

  test('whatever is listed as accepted and not enforced stands in the shape table and is not refused', () => {
    for (const path of Object.keys(acceptedNotEnforced)) {
      const [shape, name] = path.split('.') as [ShapeName, string];
      expect(dataContract.rowsOf(shape).some(([property]) => property === name), path).toBe(true);
      expect(REFUSED[path], path).toBeUndefined();
    }
  });

  test('a refused value that Azure would refuse too gets its code', () => {
    const body = { ...sampleOf('JobAdd'), jobReleaseTask: { commandLine: 'true' } };
    expect(codeOf(() => dataContract.readBody('JobAdd', NEWEST_API_VERSION, body))).toBe('InvalidPropertyValue');
  });
});

test('no error repeats the value of a secret', () => {
  for (const site of sites.filter(({ row }) => row.secret === true)) {
    const secret = 'top-secret-value';
    for (const value of [{ a: secret }, [secret], secret]) {
      try {
        dataContract.readBody(site.shape, versionFor(site.row), { ...sampleOf(site.shape, versionFor(site.row).revision), [site.name]: value, identityReference: {}, sasKey: secret });
      } catch (error) {
        expect(JSON.stringify(error), `${site.shape}.${site.name}`).not.toContain(secret);
      }
    }
  }
});
