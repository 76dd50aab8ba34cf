import { randomUUID } from 'node:crypto';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { inflateRawSync } from 'node:zlib';
import { pino } from 'pino';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Accounts, type Account } from '../../src/api/accounts.ts';
import { createApi, type Api } from '../../src/api/server.ts';
import { simulationThreads } from '../../src/cli/service/simulations/threads.ts';
import { nodeCredentials } from '../../src/control/credentials.ts';
import { MACHINE_TIME, runLoop, type OwnerLoop } from '../../src/control/loop.ts';
import { Owner } from '../../src/control/owner.ts';
import { Owners } from '../../src/control/owners.ts';
import { createCore } from '../../src/core/core.ts';
import type { AccountNumber } from '../../src/core/keys.ts';
import { accountOf } from '../../src/core/node/numbers.ts';
import type { CreateCore } from '../../src/core/port.ts';
import { connect } from '../../src/store/connect.ts';
import { ensureAccount } from '../../src/store/intents/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { until } from '../support/deadline.ts';
import { managementParts } from './management/support.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../support/postgres.ts';
import { engine } from '../support/providers.ts';
import { IDENTITY, signed, TOKENS, UBUNTU, withVersion, noRequests, noStorage, storagesOf } from './support.ts';

/** A service of two accounts on one PostgreSQL, with one engine. */
const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const PROCESS = randomUUID();
const machines = engine();
const faults: Error[] = [];
const broken = new Set<AccountNumber>();
const loops = new Map<AccountNumber, OwnerLoop>();
let postgres: TemporaryPostgres;
let pool: Pool;
let owners: Owners;
let api: Api;
let server: Server;
let first: Account;
let second: Account;

beforeAll(async () => {
  postgres = await temporaryPostgres();
  pool = connect(postgres.connection, 'api');
  await migrate(pool);
  const account = async (name: string): Promise<Account> => ({ number: await ensureAccount(pool, name, 0), name, keys: [Buffer.alloc(64, name).toString('base64')] });
  [first, second] = [await account('first'), await account('second')];
  owners = new Owners({ onFault: (fault) => void faults.push(fault), onDeposed: () => undefined, log });
  for (const { number } of [first, second]) {
    const owner = ownerOf(number, PROCESS, () => loops.get(number)?.wake());
    owners.add(number, owner);
    await owner.start();
    loops.set(number, runLoop(owner, { time: MACHINE_TIME, onError: () => undefined }));
  }
  const files = { ask: () => Promise.reject(new Error('no files')), read: () => Promise.reject(new Error('no files')) };
  api = createApi({ database: pool, wake: owners, explanations: owners.explanations, files, nodeRequests: noRequests, simulations: simulationThreads(), door: owners, storages: storagesOf(noStorage), accounts: new Accounts([first, second]), management: managementParts(), tokens: TOKENS, identity: IDENTITY, clock: Date.now, log: pino({ level: 'silent' }) });
  server = createServer(api.handler).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
});
afterAll(async () => {
  api.close();
  await new Promise((settle) => server.close(settle));
  for (const loop of loops.values()) await loop.stop();
  for (const owner of owners.living()) await owner.stop();
  await pool.end();
  await postgres.remove();
});

function ownerOf(account: AccountNumber, process: string, onWork: () => void): Owner {
  const failing: CreateCore = (snapshot, now) => {
    const core = createCore(snapshot, now);
    return new Proxy(core, {
      get: (_, name: keyof typeof core) => {
        if (name === 'decide' && broken.has(account)) throw new Error(`the rules of account ${account} fail`);
        return core[name].bind(core);
      },
    });
  };
  return new Owner({
    account: { number: account, name: `a${account}`, url: 'http://a' },
    process,
    processUrl: `http://${process}`,
    agentUrl: 'ws://p',
    store: postgresOwnerStore(pool),
    provider: machines.provider,
    createCore: failing,
    credentials: nodeCredentials(new Uint8Array(32)),
    tokens: TOKENS,
    secrets: createSealing(new Uint8Array(32)),
    sign: { container: (name) => name, url: () => null, endpoint: (account) => account },
    clock: Date.now,
    monotonic: MACHINE_TIME.now,
    random: Math.random,
    onWork,
    onFault: (fault) => owners.fault(account, fault),
    onDeposed: () => owners.deposed(account),
    log,
  });
}

interface Asked {
  readonly by: Account;
  readonly key?: string | undefined;
  /** The host of the request; default: that of the service, which names no account. */
  readonly host?: string;
  readonly body?: object;
}

async function ask(method: string, path: string, { by, key = by.keys[0] ?? '', host = '127.0.0.1:10800', body }: Asked): Promise<{ readonly status: number; readonly text: string }> {
  const url = withVersion(path);
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const sent = { host, ...(payload === undefined ? {} : { 'content-type': 'application/json; odata=minimalmetadata', 'content-length': String(Buffer.byteLength(payload)) }) };
  const headers = signed(method, url, sent, Date.now(), { name: by.name, key });
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method, path: url, headers }, (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, text: said }), reject);
    });
    asking.once('error', reject);
    asking.end(payload);
  });
}

function machinesOf({ number }: Account): readonly number[] {
  return [...machines.machines.keys()].filter((node) => accountOf(node) === number);
}

function newPool(nodes: number): object {
  return { id: 'pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: nodes };
}

describe('two accounts of one service', () => {
  test('have pools of the same id each, and nodes of their own', async () => {
    expect((await ask('POST', '/pools', { by: first, body: newPool(1) })).status).toBe(201);
    expect((await ask('GET', '/pools/pool', { by: second })).status).toBe(404);
    expect((await ask('POST', '/pools', { by: second, body: newPool(2) })).status).toBe(201);
    await until('each has its nodes', () => machinesOf(first).length === 1 && machinesOf(second).length === 2);
    expect(machines.machines.get(machinesOf(second)[0] ?? 0)).toMatchObject({
      account: second.number,
      vmSize: 'standard_d2s_v3',
      image: { kind: 'marketplace', ...UBUNTU.imageReference, version: 'latest' },
      priority: 'dedicated',
    });
    const nodesOf = async (by: Account): Promise<unknown[]> => (JSON.parse((await ask('GET', '/pools/pool/nodes', { by })).text) as { value: unknown[] }).value;
    await until('each sees its own', async () => (await nodesOf(first)).length === 1 && (await nodesOf(second)).length === 2);
  });

  test('have keys of their own', async () => {
    expect(await ask('GET', '/pools', { by: first, key: second.keys[0] })).toMatchObject({ status: 403, text: expect.stringContaining('The MAC signature') });
    expect(await ask('GET', '/pools', { by: { ...first, name: 'third' } })).toMatchObject({ status: 403, text: expect.stringContaining("this service has the account 'first', the account 'second' only") });
  });

  test('have endpoints of their own, by the first label of the host: no other account is served there', async () => {
    const answers = async (host: string, by: Account): Promise<number> => (await ask('GET', '/pools', { by, host })).status;
    expect([await answers('first.localhost:10800', first), await answers('SECOND.localhost', second), await answers('elsewhere.localhost', second)]).toEqual([200, 200, 200]);
    expect(await ask('GET', '/pools', { by: second, host: 'first.localhost:10800' })).toMatchObject({
      status: 403,
      text: expect.stringContaining("The host of the request is that of the account 'first', and the signature is by the account 'second'."),
    });
    expect(await ask('GET', '/linarite/jobs/j/explain', { by: second, host: 'first.localhost:10800' })).toMatchObject({ status: 403 });
    const token = TOKENS.issue({ account: second.number, job: 1, task: 1, attempt: 1 });
    const shown = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${withVersion('/jobs/j')}`, { headers: { authorization: `Bearer ${token}` } });
    expect([shown.status, await shown.text()]).toEqual([401, expect.stringContaining('The task whose token this is has ended')]);
  });

  test('fail each by itself: a fault in the rules of one ends its owner, and the other goes on', async () => {
    broken.add(first.number);
    expect((await ask('POST', '/jobs', { by: first, body: { id: 'job', poolInfo: { poolId: 'pool' } } })).status).toBe(201);
    await until('the owner of the first has ended', () => owners.of(first.number) === undefined, 30_000);
    expect((await ask('POST', '/jobs', { by: second, body: { id: 'job', poolInfo: { poolId: 'pool' } } })).status).toBe(201);
    await owners.wake(second.number);
    expect([owners.living().length, faults]).toEqual([1, []]);
    expect((await ask('GET', '/linarite/jobs/job/explain', { by: second })).text).toContain('"open":0');
    expect((await ask('GET', '/linarite/jobs/job/explain', { by: first })).status).toBe(503);
  });

  test('are loaded each by itself: the nodes of the other are let be, and its own are found again', async () => {
    broken.delete(first.number);
    const before = [machinesOf(first), machinesOf(second)];
    const next = ownerOf(first.number, randomUUID(), () => undefined);
    await next.start();
    await next.tick();
    expect(next.phase).toBe('ready');
    await next.stop();
    expect([machines.released, machinesOf(first), machinesOf(second)]).toEqual([[], ...before]);
  });
});

describe('the rules', () => {
  test('have nothing of a secret, nor has their journal, or what it begins with', async () => {
    const registry = { username: 'u', password: 'open-sesame', registryServer: 'registry.example' };
    const machine = { ...UBUNTU, containerConfiguration: { type: 'dockerCompatible', containerRegistries: [registry] } };
    const definition = { vmSize: 'standard_d2s_v3', virtualMachineConfiguration: machine, userAccounts: [{ name: 'anna', password: 'open-sesame' }] };
    const containerSettings = { imageName: 'image', registry };
    const poolInfo = { autoPoolSpecification: { poolLifetimeOption: 'job', pool: definition } };
    expect((await ask('POST', '/pools', { by: second, body: { id: 'guarded', ...definition } })).status).toBe(201);
    expect((await ask('POST', '/jobs', { by: second, body: { id: 'guarded', poolInfo, jobManagerTask: { id: 'm', commandLine: 'x', containerSettings } } })).status).toBe(201);
    expect((await ask('POST', '/jobs/guarded/tasks', { by: second, body: { id: 't', commandLine: 'x', containerSettings } })).status).toBe(201);
    // They make it themselves.
    await until('the job has its pool', async () => (await pool.query('select from pool where is_auto')).rowCount === 1, 30_000);
    await owners.wake(second.number);
    const { rows } = await pool.query<{ inputs: Buffer; beginning: Buffer | null }>('select inputs, beginning from journal');
    const texts = rows.flatMap(({ inputs, beginning }) => [inputs, ...(beginning === null ? [] : [beginning])].map((bytes) => inflateRawSync(bytes).toString('latin1')));
    expect(texts.join(' ')).toContain('guarded');
    expect(texts.join(' ')).not.toContain('open-sesame');
    expect((await ask('DELETE', '/jobs/guarded', { by: second })).status).toBe(202);
    expect((await ask('DELETE', '/pools/guarded', { by: second })).status).toBe(202);
  });
});
