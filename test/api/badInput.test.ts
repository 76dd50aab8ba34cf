import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { REFUSED } from '../../src/wire/accepted.ts';
import { UNLIMITED_DURATION } from '../../src/wire/durations.ts';
import { LIMITS } from '../../src/wire/limits.ts';
import type { PropertyRow } from '../../src/wire/shapes/definition.ts';
import { ENUMS } from '../../src/wire/shapes/enums.ts';
import { shapes } from '../../src/wire/shapes/index.ts';
import { testApi, UBUNTU, type Sent, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ quotas: { pools: 2, activeJobs: 2 } });
});
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { ...bodies.PoolAdd, id: 'p' } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
  await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
});
afterAll(() => it.close());

/** A good body of each operation, and the operation. */
const bodies = {
  PoolAdd: { id: 'new', vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU },
  PoolPatch: { metadata: [] },
  PoolReplace: { applicationPackageReferences: [], metadata: [] },
  PoolResize: { targetDedicatedNodes: 1 },
  JobAdd: { id: 'new', poolInfo: { poolId: 'p' } },
  JobPatch: { priority: 1 },
  JobPut: { poolInfo: { poolId: 'p' } },
  JobDisable: { disableTasks: 'wait' },
  JobTerminate: {},
  TaskAdd: { id: 'new', commandLine: 'x' },
  TaskPut: {},
} as const;
const OPERATIONS: Readonly<Record<keyof typeof bodies, readonly [method: string, url: string]>> = {
  PoolAdd: ['POST', '/pools'],
  PoolPatch: ['PATCH', '/pools/p'],
  PoolReplace: ['POST', '/pools/p/updateproperties'],
  PoolResize: ['POST', '/pools/p/resize'],
  JobAdd: ['POST', '/jobs'],
  JobPatch: ['PATCH', '/jobs/j'],
  JobPut: ['PUT', '/jobs/j'],
  JobDisable: ['POST', '/jobs/j/disable'],
  JobTerminate: ['POST', '/jobs/j/terminate'],
  TaskAdd: ['POST', '/jobs/j/tasks'],
  TaskPut: ['PUT', '/jobs/j/tasks/t'],
};
const names = Object.keys(bodies) as (keyof typeof bodies)[];

async function said(sent: Sent): Promise<string> {
  const { status, json } = await it.ask(sent);
  return `${status} ${json?.code ?? ''}`.trim();
}
function sent(shape: keyof typeof bodies, members: object): Sent {
  const [method, url] = OPERATIONS[shape];
  return { method, url, body: { ...bodies[shape], ...members } };
}

interface Case {
  readonly shape: keyof typeof bodies;
  readonly property: string;
  readonly value: unknown;
  readonly answer: string;
}

/** Bad values of one property, each with what the table says it is answered with. */
function badValues(shape: keyof typeof bodies, property: string, row: PropertyRow): readonly Case[] {
  const bad = (value: unknown, answer: string): Case => ({ shape, property, value, answer });
  const wrongType = '400 InvalidRequestBody';
  const outside = `400 ${row.code ?? 'InvalidPropertyValue'}`;
  const cases: Case[] = [];
  if (row.list === true) {
    cases.push(bad({}, wrongType), bad('text', wrongType));
    if (row.maxItems !== undefined && row.type !== 'MountConfiguration') cases.push(bad(Array.from({ length: row.maxItems + 1 }, () => ({ applicationId: 'a' })), '400'));
    return cases;
  }
  if (row.type in shapes) return [bad([], wrongType), bad('text', wrongType), bad({ unheardOf: 1 }, wrongType)];
  if (row.type in ENUMS) return [bad('unheard of', outside), bad(1, wrongType)];
  if (row.type === 'string') cases.push(bad(1, wrongType), bad({}, wrongType));
  if (row.type === 'boolean') cases.push(bad('true', wrongType), bad(1, wrongType));
  if (row.type === 'int32') cases.push(bad('1', wrongType), bad(1.5, wrongType), bad(2 ** 31, wrongType));
  if (row.type === 'duration') cases.push(bad('soon', wrongType), bad(5, wrongType), bad('-PT5M', wrongType));
  if (row.type === 'string') {
    const unfit = '400 InvalidPropertyValue';
    cases.push(bad(`x${String.fromCharCode(0)}`, unfit), bad(`x${String.fromCharCode(0xdc_00)}`, unfit));
    if (row.maxLength === undefined) cases.push(bad('x'.repeat(LIMITS.textCharacters + 1), outside));
  }
  // Not bad, but endless: it is taken, or out of its bounds.
  if (row.type === 'duration') cases.push(bad(UNLIMITED_DURATION, row.maximum !== undefined ? outside : shape === 'PoolResize' ? '409 PoolBeingResized' : '20'));
  if (row.minLength !== undefined) cases.push(bad('', outside));
  if (row.maxLength !== undefined) cases.push(bad('x'.repeat(row.maxLength + 1), outside));
  if (row.rule === 'id') cases.push(...['', 'x'.repeat(65), 'a b', 'a:b', 'ä', 'a/b', '../x'].map((value) => bad(value, outside)));
  if (typeof row.minimum === 'number') cases.push(bad(row.minimum - 1, outside));
  if (typeof row.maximum === 'number') cases.push(bad(row.maximum + 1, outside));
  if (row.rule === 'nonZero') cases.push(bad(0, outside));
  if (row.minimum === 'PT5M') cases.push(bad('PT4M59S', outside));
  return cases;
}

describe('each property of each operation: wrong types and values out of bounds', () => {
  const cases = names.flatMap((shape) =>
    Object.entries<PropertyRow>(shapes[shape])
      .filter(([, row]) => row.until === undefined)
      .flatMap(([property, row]) => badValues(shape, property, row)),
  );
  test('there are many', () => expect(cases.length).toBeGreaterThan(150));

  test.each(names)('%s', async (shape) => {
    for (const { property, value, answer } of cases.filter((one) => one.shape === shape)) {
      const got = await said(sent(shape, { [property]: value }));
      const label = `${property}: ${JSON.stringify(value).slice(0, 60)}`;
      // A property that is refused whatever it holds says so first.
      if (!(`${shape}.${property}` in REFUSED && got === '400 UnsupportedProperty')) expect(got.startsWith(answer), `${label} was ${got}, not ${answer}`).toBe(true);
    }
  });
});

describe('what is missing or unknown', () => {
  test.each(names)('%s with a property that does not exist', async (shape) => {
    expect(await said(sent(shape, { unheardOf: 1 }))).toBe('400 InvalidRequestBody');
  });

  test.each(names.flatMap((shape) => Object.entries<PropertyRow>(shapes[shape]).filter(([, row]) => row.required === true && row.until === undefined).map(([property]) => [shape, property] as const)))(
    '%s without %s',
    async (shape, property) => {
      expect(await said(sent(shape, { [property]: undefined }))).toBe('400 MissingRequiredProperty');
    },
  );

  test('a property of another version is unknown', async () => {
    const body = { ...bodies.PoolAdd, resourceTags: { a: 'b' } };
    expect(await said({ method: 'POST', url: '/pools?api-version=2025-06-01', body })).toBe('400 InvalidRequestBody');
    expect(await said({ method: 'POST', url: '/pools?api-version=2024-07-01.20.0', body })).toBe('201');
  });

  test.each([
    ['2023-11-01.18.0', '400 MissingRequiredProperty'],
    ['2024-02-01.19.0', '204'],
    ['2024-07-01.20.0', '204'],
  ])('a replacement without certificates by a client of %s: %s', async (version, answer) => {
    const url = `/pools/p/updateproperties?api-version=${version}`;
    expect(await said({ method: 'POST', url, body: bodies.PoolReplace })).toBe(answer);
  });

  test('what an older version calls otherwise is taken and answered by its name', async () => {
    const old = '2019-08-01.10.0';
    expect(await said({ method: 'POST', url: `/pools?api-version=${old}`, body: { ...bodies.PoolAdd, maxTasksPerNode: 4 } })).toBe('201');
    expect((await it.ask({ url: `/pools/new?api-version=${old}` })).json).toMatchObject({ maxTasksPerNode: 4 });
    expect((await it.ask({ url: '/pools/new' })).json).toMatchObject({ taskSlotsPerNode: 4 });
  });
});

describe('rules between properties', () => {
  const dependent = { exitConditions: { default: { dependencyAction: 'satisfy' } } };
  test.each([
    ['a machine without an image', sent('PoolAdd', { virtualMachineConfiguration: undefined }), '400 MissingRequiredProperty'],
    ['a size of machine that is none', sent('PoolAdd', { vmSize: 'enormous' }), '400 InvalidPropertyValue'],
    ['more slots than the size has', sent('PoolAdd', { taskSlotsPerNode: 9 }), '400 InvalidPropertyValue'],
    ['a resize without a target', { method: 'POST', url: '/pools/p/resize', body: { resizeTimeout: 'PT5M' } }, '400 MissingRequiredProperty'],
    ['a job without a pool', sent('JobAdd', { poolInfo: {} }), '400 MissingRequiredProperty'],
    ['a release task alone', sent('JobAdd', { jobReleaseTask: { commandLine: 'x' } }), '400'],
    ['an auto pool of nothing', sent('JobAdd', { poolInfo: { autoPoolSpecification: { poolLifetimeOption: 'job' } } }), '400 MissingRequiredProperty'],
    ['dependencies in a job without', sent('TaskAdd', { dependsOn: { taskIds: ['t'] } }), '400 UnsupportedProperty'],
    ['dependency actions in a job without', sent('TaskAdd', dependent), '400 InvalidPropertyValue'],
    ['job actions in a job without', sent('TaskAdd', { exitConditions: { default: { jobAction: 'terminate' } } }), '400 InvalidPropertyValue'],
    ['a file with two sources', sent('TaskAdd', { resourceFiles: [{ httpUrl: 'http://x', storageContainerUrl: 'http://y', filePath: 'z' }] }), '400 InvalidPropertyValue'],
    ['a file without a source', sent('TaskAdd', { resourceFiles: [{ filePath: 'z' }] }), '400 MissingRequiredProperty'],
    ['a container without an image', sent('TaskAdd', { containerSettings: { containerRunOptions: '--rm' } }), '400 MissingRequiredProperty'],
    ['no command line, and no container either', sent('TaskAdd', { commandLine: '' }), '400 InvalidPropertyValue'],
    ['a registry without a password', sent('TaskAdd', { containerSettings: { imageName: 'x', registry: { username: 'u' } } }), '400 MissingRequiredProperty'],
    ['a directory of a container that is none', sent('TaskAdd', { containerSettings: { imageName: 'x', workingDirectory: 'elsewhere' } }), '400 InvalidPropertyValue'],
    ['a mount of a place that is none', sent('TaskAdd', { containerSettings: { imageName: 'x', containerHostBatchBindMounts: [{ source: 'Root' }] } }), '400 InvalidPropertyValue'],
    ['several instances of several slots', sent('TaskAdd', { multiInstanceSettings: { coordinationCommandLine: 'x' }, requiredSlots: 2 }), '400 InvalidPropertyValue'],
  ] as const)('%s: %s', async (_name, request, answer) => {
    expect((await said(request)).startsWith(answer), await said(request)).toBe(true);
  });
});

describe('collections of tasks', () => {
  const collection = (value: unknown): Sent => ({ method: 'POST', url: '/jobs/j/addtaskcollection', body: { value } });
  const tasks = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `n${index}`, commandLine: 'x' }));

  test('a hundred tasks are taken, a hundred and one are not', async () => {
    expect(await said(collection(tasks(100)))).toBe('200');
    expect((await said(collection(tasks(101)))).slice(0, 3)).toBe('400');
  });

  test('each task answers for itself; an id twice in one request is added once', async () => {
    const { json } = await it.ask(collection([{ id: 'good', commandLine: 'x' }, { id: 'bad id', commandLine: 'x' }, { id: 'GOOD', commandLine: 'x' }, { id: 'slots', commandLine: 'x', requiredSlots: 0 }]));
    expect(json.value.map(({ status, taskId, error }: { status: string; taskId: string; error?: { code: string } }) => [status, taskId, error?.code])).toEqual([
      ['Success', 'good', undefined],
      ['ClientError', 'bad id', 'InvalidPropertyValue'],
      ['ClientError', 'GOOD', 'TaskExists'],
      ['ClientError', 'slots', 'InvalidPropertyValue'],
    ]);
  });

  test('sent again, a collection adds nothing and answers TaskExists for each', async () => {
    await it.ask(collection(tasks(10)));
    const { json } = await it.ask(collection(tasks(12)));
    const codes = json.value.map(({ error }: { error?: { code: string } }) => error?.code);
    expect(codes).toEqual([...Array.from({ length: 10 }, () => 'TaskExists'), undefined, undefined]);
    expect((await it.ask({ url: '/jobs/j/taskcounts' })).json.taskCounts.active).toBe(13);
  });

  test('collections that come at the same time give every task a number of its own', async () => {
    const parts = Array.from({ length: 8 }, (_, part) => Array.from({ length: 25 }, (_entry, index) => ({ id: `c${part}-${index}`, commandLine: 'x' })));
    await Promise.all(parts.map((part) => it.ask(collection(part))));
    const { rows } = await it.pool.query<{ numbers: number; highest: number; next: number; slots: number }>(
      `select count(distinct t.task)::int as numbers, max(t.task)::int as highest, min(j.next_task)::int as next, min(j.slots_added)::int as slots from task t join job j using (job)`,
    );
    expect(rows[0]).toEqual({ numbers: 201, highest: 201, next: 202, slots: 201 });
  });
});

describe('quotas', () => {
  test('pools', async () => {
    expect(await said(sent('PoolAdd', { id: 'second' }))).toBe('201');
    expect(await said(sent('PoolAdd', { id: 'third' }))).toBe('409 PoolQuotaReached');
  });

  test('active jobs: completed ones are not counted', async () => {
    expect(await said(sent('JobAdd', { id: 'second' }))).toBe('201');
    expect(await said(sent('JobAdd', { id: 'third' }))).toBe('409 ActiveJobAndScheduleQuotaReached');
    await it.ask({ method: 'DELETE', url: '/jobs/second' });
    expect(await said(sent('JobAdd', { id: 'third' }))).toBe('201');
  });

  test('hold however many come at once', async () => {
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((id) => said(sent('PoolAdd', { id }))));
    expect(answers.filter((answer) => answer === '201')).toHaveLength(1);
  });
});
