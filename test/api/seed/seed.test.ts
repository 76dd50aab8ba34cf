import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StorageAccounts } from '../../../src/blobs/accounts.ts';
import { readSeedFile } from '../../../src/cli/seed/read.ts';
import type { ItemReport, SeedReport } from '../../../src/api/seed/report.ts';
import type { SeedOptions } from '../../../src/api/seed/run.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../../support/blobs.ts';
import { temporaryPostgres } from '../../support/postgres.ts';
import { statuses } from '../statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from '../support.ts';
import { documentedSeed, SEED_FILES } from './support.ts';

let blobs: TemporaryBlobs;
let storages: StorageAccounts;
let it: TestApi;
const directory = mkdtempSync(join(tmpdir(), 'linarite-seed-'));
const account = { number: 1, name: 'mybatchaccount', keys: [] };

beforeAll(async () => {
  blobs = await temporaryBlobs(await temporaryPostgres());
  storages = new StorageAccounts({ first: blobs.server, serve: (more) => blobs.server.setAccounts(more), now: Date.now });
  it = await testApi({ storages });
  it.now.value = Date.now();
  await it.api.resume(account);
  cpSync(SEED_FILES, directory, { recursive: true });
});
afterEach(async () => {
  await it.clear();
  await it.pool.query(`delete from account where name <> 'mybatchaccount'`);
  for (const { name } of storages.further()) {
    await storages.empty(name);
    await storages.remove(name);
  }
  await storages.empty(blobs.server.accountName);
  await it.api.resume(account);
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await it.close();
  await blobs.remove();
});

function seed(document: unknown, options: Partial<SeedOptions> = {}, signal = new AbortController().signal): Promise<SeedReport> {
  return it.api.seed(document, { dryRun: false, update: false, ...options }, { account, baseUrl: 'http://localhost', signal });
}
function post(document: unknown, more: object = {}): Promise<Got> {
  return it.ask({ method: 'POST', url: '/linarite/seed', body: { seed: document, ...more } });
}
/** `kind id`, by outcome. */
function told({ items }: SeedReport): Record<string, readonly string[]> {
  const by: Record<string, string[]> = {};
  for (const { outcome, kind, id } of items) (by[outcome] ??= []).push(`${kind} ${id}`);
  return by;
}
function only(report: SeedReport): ItemReport {
  expect(report.items).toHaveLength(1);
  return report.items[0] as ItemReport;
}
async function documented(): Promise<unknown> {
  writeFileSync(join(directory, 'seed.yaml'), documentedSeed());
  return (await readSeedFile(join(directory, 'seed.yaml'))).document;
}
function pool(more: object = {}): object {
  return { id: 'p', vmSize: 'STANDARD_D2s_v3', targetDedicatedNodes: 0, virtualMachineConfiguration: UBUNTU, ...more };
}
function job(more: object = {}): object {
  return { id: 'j', poolInfo: { poolId: 'p' }, ...more };
}

const ALL = ['storage account labblobs', 'account lab', 'container words', 'blob words/greeting.txt', 'blob words/list.txt', 'container labblobs/pictures', 'application counter', 'package counter/1.0', 'default version counter', 'pool work', 'job schedule nightly', 'job count', 'task count/1', 'task count/2', 'end of job count', 'pool cpu'];

describe('the seed that the documentation shows', () => {
  test('is made whole, is unchanged when it is run again, and can be tried without making anything', async () => {
    const document = await documented();
    expect(told(await seed(document, { dryRun: true }))).toEqual({ created: ALL });
    expect((await it.ask({ url: '/pools' })).json.value).toEqual([]);
    expect(told(await seed(document))).toEqual({ created: ALL });
    expect(told(await seed(document))).toEqual({ unchanged: ALL });
    expect(told(await seed(document, { dryRun: true, update: true }))).toEqual({ unchanged: ALL });
    expect((await it.ask({ url: '/jobs/count' })).json).toMatchObject({ onAllTasksComplete: 'terminatejob', constraints: { maxTaskRetryCount: 1 } });
    expect((await it.ask({ url: '/jobs/count/tasks' })).json.value).toMatchObject([{ id: '1' }, { id: '2', userIdentity: { autoUser: { scope: 'pool' } } }]);
    expect((await it.ask({ url: '/linarite/applications/counter' })).json.properties).toMatchObject({ displayName: 'Counts words', defaultVersion: '1.0' });
    expect((await it.ask({ url: '/linarite/applications/counter/versions/1.0' })).json.properties).toMatchObject({ state: 'Active' });
  });

  test('seeded twice at once makes each item once', async () => {
    const document = await documented();
    const [one, other] = await Promise.all([seed(document), seed(document)]);
    expect([told(one), told(other)]).toEqual([{ created: ALL }, { unchanged: ALL }]);
  });
});

test('a seed waits for that of another process on the same database, and no longer than its client', async () => {
  const other = await it.pool.connect();
  await other.query(`begin; select pg_advisory_xact_lock(hashtext('linarite.seed'))`);
  await expect(seed({ pools: [pool()] }, {}, AbortSignal.timeout(500))).rejects.toThrow(/abort/i);
  expect((await it.ask({ url: '/pools' })).json.value).toEqual([]);
  const waiting = seed({ pools: [pool()] });
  await other.query('commit');
  other.release();
  expect(told(await waiting)).toEqual({ created: ['pool p'] });
});

describe('what is there', () => {
  test('and is as the document says is unchanged, in whatever spelling', async () => {
    await seed({ pools: [pool({ resizeTimeout: 'PT900S', metadata: [] })], jobs: [job({ constraints: { maxWallClockTime: 'PT60M' }, onAllTasksComplete: 'NoAction' })] });
    expect(told(await seed({ pools: [pool({ resizeTimeout: 'PT15M' })], jobs: [job({ constraints: { maxWallClockTime: 'PT1H' } })] }))).toEqual({ unchanged: ['pool p', 'job j'] });
  });

  test('and is otherwise stays as it is, and is told with its properties', async () => {
    await seed({ pools: [pool()], jobs: [job({ priority: 1, tasks: [{ id: 't', commandLine: 'true' }] })] });
    const report = await seed({ pools: [pool({ vmSize: 'standard_d4s_v3' })], jobs: [job({ priority: 2, constraints: { maxTaskRetryCount: 3 }, tasks: [{ id: 't', commandLine: 'false' }] })] });
    expect(report.items).toMatchObject([
      { kind: 'pool', outcome: 'differs', differing: ['vmSize'] },
      { kind: 'job', outcome: 'differs', differing: ['priority', 'constraints.maxTaskRetryCount'] },
      { kind: 'task', id: 'j/t', outcome: 'differs', place: 'jobs[0].tasks[0]', differing: ['commandLine'] },
    ]);
    expect(report.counts).toEqual({ created: 0, unchanged: 0, updated: 0, differs: 3, refused: 0 });
    expect((await it.ask({ url: '/jobs/j' })).json.priority).toBe(1);
  });

  test('is changed with --update as far as the service can', async () => {
    await seed({ pools: [pool()], jobs: [job({ tasks: [{ id: 't', commandLine: 'true' }] })], storage: [{ container: 'data', blobs: [{ name: 'a', text: 'old' }] }] });
    const wanted = {
      pools: [pool({ targetDedicatedNodes: 3, metadata: [{ name: 'a', value: 'b' }] })],
      jobs: [job({ priority: 7, tasks: [{ id: 't', commandLine: 'false', constraints: { maxTaskRetryCount: 2 } }] })],
      storage: [{ container: 'data', blobs: [{ name: 'a', text: 'new', contentType: 'text/plain' }] }],
    };
    await statuses(it.pool).pool('p', {});
    const report = await seed(wanted, { update: true });
    expect(told(report)).toEqual({ unchanged: ['container data'], updated: ['blob data/a', 'pool p', 'job j'], differs: ['task j/t'] });
    expect(report.items.at(-1)).toMatchObject({ differing: ['commandLine'], error: { code: 'NotChangeable' } });
    expect((await it.ask({ url: '/pools/p' })).json).toMatchObject({ targetDedicatedNodes: 3, metadata: [{ name: 'a', value: 'b' }] });
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.constraints.maxTaskRetryCount).toBe(2);
  });

  test('and has secrets is unchanged, since they are never answered', async () => {
    const users = (password: string): object => ({ pools: [pool({ userAccounts: [{ name: 'someone', password }] })] });
    await seed(users('first-Password1'));
    expect(told(await seed(users('other-Password2')))).toEqual({ unchanged: ['pool p'] });
  });

  test('may have completed meanwhile', async () => {
    const document = { jobs: [job({ onAllTasksComplete: 'terminatejob', tasks: [{ id: 't', commandLine: 'true' }] })] };
    await seed(document);
    await it.ask({ method: 'POST', url: '/jobs/j/terminate' });
    expect(told(await seed(document))).toEqual({ unchanged: ['job j', 'task j/t', 'end of job j'] });
  });
});

describe('what the service refuses', () => {
  test('is told with the error of its plane and the place, and keeps nothing else from being made', async () => {
    const report = await seed({ pools: [pool({ vmSize: 'standard_none' }), pool({ id: 'q' })], jobs: [job({ priority: 5_000, tasks: [{ id: 't', commandLine: 'true' }] })], storage: [{ container: 'No' }] });
    expect(report.items).toMatchObject([
      { kind: 'container', outcome: 'refused', place: 'storage[0]', error: { code: 'OutOfRangeInput' } },
      { kind: 'pool', id: 'p', outcome: 'refused', place: 'pools[0]', error: { code: 'InvalidPropertyValue', property: 'vmSize' } },
      { kind: 'pool', id: 'q', outcome: 'created' },
      { kind: 'job', outcome: 'refused', error: { code: 'OutOfRangePriority', property: 'priority' } },
      { kind: 'task', outcome: 'refused', error: { code: 'NotTried' } },
    ]);
  });

  test('is refused in a trial too, where the document shows it', async () => {
    expect(only(await seed({ pools: [pool({ nonsense: 1 })] }, { dryRun: true }))).toMatchObject({ outcome: 'refused', error: { code: 'InvalidRequestBody' } });
  });

  test('are packages of an application that allows no updates', async () => {
    const document = (content: string): object => ({ applications: [{ id: 'a', allowUpdates: false, packages: [{ version: '1', base64: Buffer.from(content).toString('base64') }] }] });
    await seed(document('one'));
    expect((await seed(document('two'))).items.at(-1)).toMatchObject({ outcome: 'differs', differing: ['content'] });
    expect((await seed(document('two'), { update: true })).items.at(-1)).toMatchObject({ outcome: 'refused', error: { code: 'OperationInvalidForCurrentState' } });
    expect(told(await seed(document('one')))).toEqual({ unchanged: ['application a', 'package a/1'] });
  });
});

describe('tasks', () => {
  test('are added in the order of the document, however many', async () => {
    const ids = Array.from({ length: 250 }, (_, index) => `t${(index * 7) % 250}`);
    expect((await seed({ jobs: [job({ tasks: ids.map((id) => ({ id, commandLine: 'true' })) })] })).counts.created).toBe(251);
    const { rows } = await it.pool.query<{ id: string }>('select id from task order by task');
    expect(rows.map(({ id }) => id)).toEqual(ids);
  });
});

describe('a request', () => {
  test('by the key of the account makes what is in that account, and nothing beyond', async () => {
    const { status, json } = await post({ pools: [pool()], accounts: [{ name: 'other' }], storage: [{ container: 'data' }] });
    expect(status).toBe(200);
    expect(told(json)).toEqual({ created: ['pool p'], refused: ['account other', 'container data'] });
    expect(json.items[0].error).toMatchObject({ code: 'InsufficientAccountPermissions' });
  });

  test.each([
    ['an unknown name', { pool: [] }, 'InvalidPropertyValue', 'pool'],
    ['a list that is none', { pools: {} }, 'InvalidPropertyValue', 'pools'],
    ['an item that is none', { pools: [1] }, 'InvalidRequestBody', 'pools[0]'],
    ['an item without its id', { jobs: [{ id: 'a' }, {}] }, 'MissingRequiredProperty', 'jobs[1].id'],
    ['an id of another type', { jobs: [{ id: 1 }] }, 'InvalidPropertyValue', 'jobs[0].id'],
    ['ids that are the same but for their case', { jobs: [job({ tasks: [{ id: 'A' }, { id: 'a' }] })] }, 'InvalidPropertyValue', 'jobs[0].tasks[1].id'],
    ['a file, which is for the command line', { storage: [{ container: 'data', blobs: [{ name: 'b', file: '/etc/passwd' }] }] }, 'InvalidPropertyValue', 'storage[0].blobs[0].file'],
    ['a blob with nothing in it', { storage: [{ container: 'data', blobs: [{ name: 'b' }] }] }, 'MissingRequiredProperty', 'storage[0].blobs[0].text or base64'],
    ['a blob with two contents', { storage: [{ container: 'data', blobs: [{ name: 'b', text: '', base64: '' }] }] }, 'InvalidPropertyValue', 'storage[0].blobs[0].base64'],
    ['a package that is no base64', { applications: [{ id: 'a', packages: [{ version: '1', base64: 'ab!=' }] }] }, 'InvalidPropertyValue', 'applications[0].packages[0].base64'],
    ['an unknown name in an application', { applications: [{ id: 'a', display: 'x' }] }, 'InvalidPropertyValue', 'applications[0].display'],
    ['no object', [], 'InvalidRequestBody', 'seed'],
  ])('with %s is refused by its place, and nothing is made', async (_what, document, code, place) => {
    const { status, json } = await post(Array.isArray(document) ? document : { pools: [pool()], ...document });
    expect([status, json.code, json.values[0]]).toEqual([400, code, { key: 'PropertyName', value: place }]);
    expect((await it.ask({ url: '/pools' })).json.value).toEqual([]);
  });

  test.each([[{ dryRun: 'yes' }, 'dryRun'], [{ force: true }, 'force']])('with %j is refused', async (more, name) => {
    expect((await post({}, more)).json.values[0]).toEqual({ key: 'PropertyName', value: name });
  });

  test('that is too large is refused with the bound', async () => {
    const got = await it.ask({ method: 'POST', url: '/linarite/seed', body: `{"seed":"${'x'.repeat(32 * 1024 * 1024)}"}` });
    expect([got.status, got.json.values]).toEqual([413, [{ key: 'MaxLimit', value: '33554432' }]]);
  });
});
