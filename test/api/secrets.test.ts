import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { opened, openedCertificate } from '../../src/store/sealedSpecs.ts';
import { readPoolSpecs } from '../../src/store/owner/specs.ts';
import { SSH_KEYS } from '../support/sshKeys.ts';
import { CERTIFICATE } from '../support/certificates.ts';
import { SEALING } from './management/support.ts';
import { ACCOUNT, manage, placed } from './management/asking.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

/** Who reads the database alone learns no secret that a client has sent, whatever took it. */

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(async () => {
  await it.clear();
  await placed(it);
});
afterAll(() => it.close());

const WORD = 'open-sesame';
const KEY = Buffer.from(WORD).toString('base64');
const SSH = SSH_KEYS.ed25519.private;
/** As they would be found in a text of JSON, or in bytes. */
const SECRETS = [WORD, KEY, SSH.split('\n')[2] ?? expect.fail(), CERTIFICATE.pfx, Buffer.from(CERTIFICATE.pfx, 'base64').toString('hex')];

function registry(word: string): object {
  return { username: 'u', password: `${WORD}-${word}`, registryServer: 'registry.example' };
}

function container(word: string): object {
  return { imageName: 'image', registry: registry(word) };
}

const MOUNTS = [
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', accountKey: KEY, relativeMountPath: 'a' } },
  { azureBlobFileSystemConfiguration: { accountName: 'account', containerName: 'container', sasKey: `sig=${WORD}`, relativeMountPath: 'b' } },
  { cifsMountConfiguration: { username: 'me', source: '//host/a', relativeMountPath: 'c', password: `${WORD}-cifs` } },
  { azureFileShareConfiguration: { accountName: 'account', accountKey: KEY, azureFileUrl: 'https://account.file.core.windows.net/s', relativeMountPath: 'd' } },
];
const USERS = [{ name: 'anna', password: `${WORD}-user`, linuxUserConfiguration: { sshPrivateKey: SSH } }];
const MACHINE = { ...UBUNTU, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [registry('pool')] } };
const POOL = { vmSize: 'standard_a1_v2', virtualMachineConfiguration: MACHINE, mountConfiguration: MOUNTS, userAccounts: USERS, startTask: { commandLine: 'true', containerSettings: container('start') } };
const AUTO = { autoPoolSpecification: { poolLifetimeOption: 'job', pool: POOL } };
const JOB = {
  poolInfo: AUTO,
  jobManagerTask: { id: 'm', commandLine: 'true', containerSettings: container('manager') },
  jobPreparationTask: { commandLine: 'true', containerSettings: container('preparation') },
  jobReleaseTask: { commandLine: 'true', containerSettings: container('release') },
};
const TASK = { id: 't', commandLine: 'true', containerSettings: container('task') };

async function send(method: string, url: string, body: object, status: number): Promise<void> {
  const got = await it.ask({ method, url, body });
  expect(`${got.status} ${got.status < 300 ? '' : got.text}`).toBe(`${status} `);
}

async function everything(): Promise<string> {
  const { rows: tables } = await it.pool.query<{ name: string }>("select table_name as name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'");
  const texts = await Promise.all(tables.map(async ({ name }) => (await it.pool.query<{ text: string | null }>(`select string_agg(t::text, ' ') as text from ${name} t`)).rows[0]?.text ?? ''));
  return texts.join(' ');
}

async function expectNoSecret(): Promise<void> {
  const stored = await everything();
  for (const secret of SECRETS) expect(stored.includes(secret), `${secret.slice(0, 20)} stands in the database`).toBe(false);
}

describe('no secret stands in any table', () => {
  test('of a pool, whichever plane made or changed it, and its nodes are told all the same', async () => {
    await send('POST', '/pools', { id: 'p', ...POOL }, 201);
    await send('PATCH', '/pools/p', { startTask: { commandLine: 'other', containerSettings: container('patched') } }, 200);
    await send('POST', '/pools/p/updateproperties', { startTask: { commandLine: 'third', containerSettings: container('replaced') }, applicationPackageReferences: [], metadata: [] }, 204);
    const { mountConfiguration: _mounts, virtualMachineConfiguration: { nodeAgentSKUId: nodeAgentSkuId, ...machine }, ...properties } = { ...POOL, virtualMachineConfiguration: MACHINE };
    const arm = { ...properties, mountConfiguration: MOUNTS, deploymentConfiguration: { virtualMachineConfiguration: { ...machine, nodeAgentSkuId } } };
    for (const round of ['made', 'changed']) expect(await manage(it, 'PUT', `${ACCOUNT}/pools/q`, { properties: { ...arm, displayName: round } })).toMatchObject({ status: 200 });
    await expectNoSecret();

    const { rows } = await it.pool.query<{ pool: number; id: string }>('select pool, id from pool order by id');
    for (const [place, { pool }] of rows.entries()) {
      const spec = opened('pool.spec', (await readPoolSpecs(it.pool, [pool]))[0]?.spec, SEALING);
      expect(spec).toMatchObject({
        mountConfiguration: MOUNTS,
        userAccounts: [{ name: 'anna', password: expect.stringMatching(/^\$6\$/), linuxUserConfiguration: { sshPrivateKey: SSH } }],
        virtualMachineConfiguration: { containerConfiguration: { containerRegistries: [registry('pool')] } },
        startTask: { containerSettings: container(place === 0 ? 'replaced' : 'start') },
      });
    }
  });

  test('of jobs, schedules, and tasks, added alone and together', async () => {
    await send('POST', '/jobs', { id: 'j', ...JOB }, 201);
    await send('POST', '/jobschedules', { id: 's', schedule: { recurrenceInterval: 'PT1H' }, jobSpecification: JOB }, 201);
    await send('PATCH', '/jobschedules/s', { jobSpecification: JOB }, 200);
    await send('POST', '/jobs/j/tasks', TASK, 201);
    await send('POST', '/jobs/j/addtaskcollection', { value: [{ ...TASK, id: 'u' }] }, 200);
    await send('PUT', '/jobs/j/tasks/t', { constraints: { maxTaskRetryCount: 2 } }, 200);
    await expectNoSecret();
    const { rows } = await it.pool.query<{ id: string; spec: unknown }>('select id, spec from task order by id');
    expect(rows.map(({ id, spec }) => [id, opened('task.spec', spec, SEALING)])).toMatchObject([['m', { containerSettings: container('manager') }], ['t', { containerSettings: container('task') }], ['u', { containerSettings: container('task') }]]);
  });

  test('of certificates, from either plane', async () => {
    const { thumbprint, pfx } = CERTIFICATE;
    await send('POST', '/certificates', { thumbprint, thumbprintAlgorithm: 'sha1', data: pfx, certificateFormat: 'pfx', password: 'secret' }, 201);
    await expectNoSecret();
    const stored = async (): Promise<unknown> => openedCertificate((await it.pool.query('select sealed, data, password from certificate')).rows[0], SEALING);
    expect(await stored()).toEqual({ data: pfx, password: 'secret' });
    await it.pool.query('delete from certificate');
    expect(await manage(it, 'PUT', `${ACCOUNT}/certificates/sha1-${thumbprint}`, { properties: { thumbprint, thumbprintAlgorithm: 'sha1', data: pfx, format: 'Pfx', password: 'secret' } }, {}, '2024-02-01')).toMatchObject({ status: 200 });
    await expectNoSecret();
    expect(await stored()).toEqual({ data: pfx, password: 'secret' });
  });
});

describe('what is sealed', () => {
  test('is in no answer, neither as it was sent nor as it lies there', async () => {
    await send('POST', '/pools', { id: 'p', ...POOL }, 201);
    await send('POST', '/jobs', { id: 'j', ...JOB }, 201);
    await send('POST', '/jobschedules', { id: 's', schedule: {}, jobSpecification: JOB }, 201);
    await send('POST', '/jobs/j/tasks', TASK, 201);
    for (const url of ['/pools', '/pools/p', '/jobs', '/jobs/j', '/jobschedules', '/jobschedules/s', '/jobs/j/tasks', '/jobs/j/tasks/t']) {
      const { status, text } = await it.ask({ url });
      expect(status).toBe(200);
      expect(text).not.toMatch(/sealed|open-sesame/);
    }
    const arm = await manage(it, 'GET', `${ACCOUNT}/pools`);
    expect(arm.text).toContain('anna');
    expect(arm.text).not.toMatch(/sealed|open-sesame/);
  });

  test('keeps a pool with nodes from no request that says the same again', async () => {
    const { mountConfiguration, userAccounts, virtualMachineConfiguration: { nodeAgentSKUId: nodeAgentSkuId, ...machine } } = POOL;
    const properties = { vmSize: POOL.vmSize, mountConfiguration, userAccounts, deploymentConfiguration: { virtualMachineConfiguration: { ...machine, nodeAgentSkuId } }, scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } };
    const put = () => manage(it, 'PUT', `${ACCOUNT}/pools/q`, { properties });
    const made = await put();
    expect(made.status).toBe(200);
    const again = await put();
    expect([again.status, again.headers['etag']]).toEqual([200, made.headers['etag']]);
    const other = { ...properties, mountConfiguration: [{ cifsMountConfiguration: { ...MOUNTS[2]?.cifsMountConfiguration, password: `${WORD}-other` } }] };
    expect((await manage(it, 'PUT', `${ACCOUNT}/pools/q`, { properties: other })).status).toBe(409);
    await expectNoSecret();
  });

  test('keeps a job from no change that repeats its auto pool', async () => {
    await send('POST', '/jobs', { id: 'j', poolInfo: AUTO }, 201);
    await send('PUT', '/jobs/j', { poolInfo: AUTO, priority: 7 }, 200);
    await expectNoSecret();
  });
});
