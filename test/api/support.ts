import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll } from 'vitest';
import { pino, type Logger } from 'pino';
import type { Pool } from 'pg';
import type { BlobAccount } from '../../src/blobs/account.ts';
import { StorageAccounts } from '../../src/blobs/accounts.ts';
import { TransferError } from '../../src/blobs/transferError.ts';
import type { Quotas, Timeout } from '../../src/api/call.ts';
import { Accounts } from '../../src/api/accounts.ts';
import type { IdentityOptions } from '../../src/api/identity/options.ts';
import { createTokens } from '../../src/api/identity/tokens.ts';
import { createApi, type ApiOptions, type Api, type ManagementOptions } from '../../src/api/server.ts';
import { taskTokens } from '../../src/control/taskTokens.ts';
import { simulationThreads } from '../../src/cli/service/simulations/threads.ts';
import type { AgentDoor, Commits, Explanations, NodeFiles, NodeRequests, Simulations, Wake } from '../../src/ports.ts';
import { connect } from '../../src/store/connect.ts';
import { ensureAccount } from '../../src/store/intents/accounts.ts';
import { migrate } from '../../src/store/migrate.ts';
import { stringsToSign } from '../../src/wire/sharedKey.ts';
import { managementParts } from './management/support.ts';
import { temporaryPostgres, type TemporaryPostgres } from '../support/postgres.ts';

const key = Buffer.alloc(64, 'k').toString('base64');
/** What the API takes for tokens of tasks. */
export const TOKENS = taskTokens(new Uint8Array(32));
const HOST = '127.0.0.1:10800';
const keyDirectory = mkdtempSync(join(tmpdir(), 'linarite-tokens-'));
afterAll(() => rmSync(keyDirectory, { recursive: true, force: true }));
/** One signing key for all tests of a file, since making it takes a while. */
export const IDENTITY: IdentityOptions = { tokens: createTokens({ keyFile: join(keyDirectory, 'tokens.pem') }), operatorSecret: 'the secret of the operator', isSecretKnown: false };

export interface Sent {
  readonly method?: string;
  /** Path with query; api-version is added if there is none. */
  readonly url: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Got {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Uint8Array;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what tests look into is what they check
  readonly json: any;
}

/** The API over a real PostgreSQL and no owner: a test writes the status that it needs. */
export interface TestApi {
  readonly api: Api;
  readonly pool: Pool;
  /** Asks with a signature, as a client of the newest version would. */
  ask(sent: Sent): Promise<Got>;
  /** As `ask`, by the key of another account. */
  askAs(name: string, key: string, sent: Sent): Promise<Got>;
  /** Asks as it stands, without signature and api-version. */
  askPlainly(sent: Sent): Promise<Got>;
  /** The time by which the API goes. */
  readonly now: { value: number };
  readonly woken: number[];
  /** Tasks whose end was waited for, as `job.task`. */
  readonly endings: string[];
  /** The database, for tests that take it away. */
  readonly postgres: TemporaryPostgres;
  /** The process is killed, and the next one starts on the same database: it answers from now on. */
  nextLife(management: Partial<ManagementOptions>, storage: BlobAccount | StorageAccounts): Promise<void>;
  /** Empties all tables but the accounts. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export const NEWEST = '2025-06-01';

export async function testApi(parts: { readonly files?: NodeFiles; readonly nodeRequests?: NodeRequests; readonly simulations?: Simulations; readonly door?: AgentDoor; readonly quotas?: Partial<Quotas>; readonly log?: Logger; readonly wake?: Wake; readonly commits?: Commits; readonly webhooks?: ApiOptions['webhooks']; readonly explanations?: Explanations; readonly timeout?: Timeout; readonly storage?: BlobAccount; readonly identity?: IdentityOptions; readonly storages?: StorageAccounts; readonly management?: Partial<ManagementOptions> } = {}): Promise<TestApi> {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'api');
  await migrate(pool);
  const now = { value: Date.UTC(2026, 10, 20, 12) };
  const account = await ensureAccount(pool, 'mybatchaccount', now.value);
  const woken: number[] = [];
  const endings: string[] = [];
  const wake: Wake = parts.wake ?? {
    wake: (number) => {
      woken.push(number);
      return Promise.resolve();
    },
    sweep: (number) => void woken.push(number),
    ended: (_account, job, task) => {
      endings.push(`${job}.${task}`);
      return Promise.resolve();
    },
  };
  const lifeOf = (management: Partial<ManagementOptions> | undefined, storages: StorageAccounts): Api => createApi({
    database: pool,
    wake,
    explanations: parts.explanations ?? { task: async () => undefined, job: async () => undefined, pool: async () => undefined, node: async () => undefined },
    files: parts.files ?? noFiles,
    nodeRequests: parts.nodeRequests ?? noRequests,
    simulations: parts.simulations ?? simulationThreads(),
    door: parts.door ?? noDoor,
    storages,
    accounts: new Accounts([{ number: account, name: 'mybatchaccount', keys: [key] }]),
    management: managementParts(management),
    tokens: TOKENS,
    identity: parts.identity ?? IDENTITY,
    clock: () => now.value,
    log: parts.log ?? pino({ level: process.env['TEST_LOG'] ?? 'silent' }),
    ...(parts.webhooks === undefined ? {} : { webhooks: parts.webhooks }),
    ...(parts.commits === undefined ? {} : { commits: parts.commits }),
    ...(parts.quotas === undefined ? {} : { quotas: parts.quotas }),
    ...(parts.timeout === undefined ? {} : { timeout: parts.timeout }),
  });
  const api = lifeOf(parts.management, parts.storages ?? storagesOf(parts.storage ?? noStorage));
  let lives = [api];
  const server = createServer((request, response) => lives.at(-1)?.handler(request, response)).listen(0, '127.0.0.1');
  await new Promise((settle) => server.once('listening', settle));
  const agent = new Agent({ keepAlive: true });
  const send: Send = (sent) => sendTo(server, agent, sent);
  return {
    api,
    pool,
    now,
    woken,
    endings,
    postgres,
    ask: (sent) => send(signedRequest(sent, now.value)),
    askAs: (name, by, sent) => send(signedRequest(sent, now.value, { name, key: by })),
    askPlainly: send,
    clear: async () => {
      // Quicker than `truncate`, which waits for the disk for every table.
      await pool.query(['certificate', 'pool', 'pool_status', 'job', 'job_status', 'task', 'task_status', 'failed_task', 'node', 'node_activity', 'node_request', 'inbox', 'application', 'job_schedule', 'job_schedule_status', 'usage_hour', 'archived_task', 'archive_object', 'deleted_file', 'resource', 'long_operation'].map((table) => `delete from ${table}`).join('; '));
    },
    nextLife: async (management, storage) => {
      for (const life of lives) life.close();
      const life = lifeOf(management, storage instanceof StorageAccounts ? storage : storagesOf(storage));
      lives = [...lives, life];
      await life.resume({ number: account, name: 'mybatchaccount', keys: [key] });
    },
    close: async () => {
      for (const life of lives) life.close();
      agent.destroy();
      await new Promise((settle) => server.close(settle));
      await pool.end();
      await postgres.remove();
    },
  };
}

type Send = (sent: Sent) => Promise<Got>;

function signedRequest({ method = 'GET', url, body, headers = {} }: Sent, now: number, by?: { readonly name: string; readonly key: string }): Sent {
  const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const versioned = withVersion(url);
  const length = payload === undefined ? (method === 'GET' || method === 'HEAD' ? {} : { 'content-length': '0' }) : { 'content-length': String(Buffer.byteLength(payload)) };
  const type = payload === undefined ? {} : { 'content-type': 'application/json; odata=minimalmetadata' };
  return { method, url: versioned, headers: signed(method, versioned, { host: HOST, ...length, ...type, ...headers }, now, by), ...(payload === undefined ? {} : { body: payload }) };
}

async function sendTo(server: Server, agent: Agent, { method = 'GET', url, body, headers = {} }: Sent): Promise<Got> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ agent, host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
      buffer(answer).then((bytes) => {
        const text = bytes.toString('utf8');
        resolve({ status: answer.statusCode ?? 0, reason: answer.statusMessage ?? '', headers: plain(answer.headers), bytes, text, json: jsonOf(answer.headers, text) });
      }, reject);
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function plain(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function jsonOf(headers: IncomingHttpHeaders, said: string): unknown {
  return String(headers['content-type'] ?? '').startsWith('application/json') && said !== '' ? JSON.parse(said) : null;
}

export function withVersion(url: string): string {
  return (/api-version=/i.test(url) ? url : `${url}${url.includes('?') ? '&' : '?'}api-version=${NEWEST}`);
}

/** The headers with a date and a signature over them, where they do not bring their own. */
export function signed(method: string, rawUrl: string, headers: Readonly<Record<string, string>>, now: number, by = { name: 'mybatchaccount', key }): Record<string, string> {
  const all: Record<string, string> = { 'ocp-date': new Date(now).toUTCString(), ...headers };
  const [toSign = ''] = stringsToSign({ method, rawUrl, headers: all, bodyLength: Number(all['content-length'] ?? 0) }, by.name);
  all['authorization'] ??= `SharedKey ${by.name}:${createHmac('sha256', Buffer.from(by.key, 'base64')).update(toSign).digest('base64')}`;
  return all;
}

const noFiles: NodeFiles = {
  ask: () => Promise.resolve({ kind: 'error', code: 'Failed', message: 'no nodes here' }),
  read: () => Promise.resolve({ kind: 'error', code: 'Failed', message: 'no nodes here' }),
};
export const noRequests: NodeRequests = { ask: () => Promise.resolve({ kind: 'error', code: 'NodeNotReady', message: 'no nodes here' }) };
function away(): Promise<never> {
  return Promise.reject(new TransferError('misc', null, 'ECONNREFUSED', 'no storage here'));
}
/** Storage accounts that all are worked with as this one. */
export function storagesOf(storage: BlobAccount): StorageAccounts {
  const first = { accountName: 'mystorageaccount', accountKey: key, endpoint: 'http://127.0.0.1:1/mystorageaccount' };
  return Object.assign(new StorageAccounts({ first, serve: () => Promise.resolve(), now: Date.now }), { workplaceOf: () => storage });
}
export const noStorage: BlobAccount = { createContainer: away, deleteContainer: away, listContainers: away, hasBlob: away, deleteBlob: away, readBlob: away, grant: () => 'http://127.0.0.1:1/', writable: () => null };
const noDoor: AgentDoor = { authenticate: () => null, connect: () => ({ onFrame: () => {}, onClose: () => {} }) };

export const UBUNTU = {
  imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' },
  nodeAgentSKUId: 'batch.node.ubuntu 22.04',
};
