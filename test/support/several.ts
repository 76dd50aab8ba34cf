import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as connectTcp, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionUrl, ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type TemporaryBlobs, temporaryBlobs } from './blobs.ts';
import { freePort, linarite, type LinariteEnv, until } from './linarite.ts';
import { type TemporaryPostgres, temporaryPostgres } from './postgres.ts';
import type { Release } from './releases.ts';
import type { PostgresConnection } from '../../src/store/embedded/postgres.ts';

/** One of several processes on a database. */
export interface Member {
  readonly dataDir: string;
  readonly port: number;
  readonly url: string;
  /** By this release, or by another one. */
  up(release?: Release): Promise<void>;
  /** Ends it without a word. */
  kill(): Promise<void>;
  /** `linarite down`: it leaves. */
  down(): Promise<void>;
  restart(): Promise<void>;
  pid(): Promise<number>;
  env(): Promise<LinariteEnv>;
}

export interface Several {
  readonly members: readonly Member[];
  readonly databaseUrl: string;
  readonly postgres: TemporaryPostgres;
  /** A plain balancer of connections before all of them: who takes one gets it, in turn. */
  readonly balancer: string;
  /** What `up` is given beside flags. */
  readonly environment: NodeJS.ProcessEnv;
  readonly parent: string;
  purge(): Promise<void>;
}

export const CLUSTER_KEY = 'a cluster key that only tests use, which is long enough';

export interface SeveralOptions {
  /** What each of them reaches the database by, in their order; left out: the database itself. */
  readonly reach?: (database: PostgresConnection) => Promise<readonly string[]>;
  /** The release that they are started with the first time; left out: this one. */
  readonly release?: Release;
}

/**
 * Real processes on one real PostgreSQL and one blob server, their nodes in one directory. `flags`: further ones of
 * `up`.
 */
export async function startSeveral(count: number, flags: readonly string[] = [], { reach, release }: SeveralOptions = {}): Promise<Several> {
  const parent = mkdtempSync(join(tmpdir(), 'linarite-several-'));
  chmodSync(parent, 0o711);
  const postgres = await temporaryPostgres();
  const database = await ensureDatabase(postgres.connection, 'several');
  const databaseUrl = connectionUrl(database);
  const databaseUrls = (await reach?.(database)) ?? [];
  const blobs: TemporaryBlobs = await temporaryBlobs(postgres);
  const { endpoint } = blobs.server;
  const environment = {
    LINARITE_DATABASE_URL: databaseUrl,
    LINARITE_CLUSTER_KEY: CLUSTER_KEY,
    LINARITE_STORAGE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=testaccount;AccountKey=${Buffer.from('a key that only tests use').toString('base64')};BlobEndpoint=${endpoint};`,
  };
  const members = await Promise.all(Array.from({ length: count }, (_, index) => memberAt(join(parent, `member${index + 1}`), [...flags, '--shared-node-dir', join(parent, 'nodes')], { ...environment, LINARITE_DATABASE_URL: databaseUrls[index] ?? databaseUrl })));
  const balancing = await balance(members.map(({ port }) => port));
  const purge = async (): Promise<void> => {
    balancing.close();
    // One after the other: the last one ends the nodes that all have together.
    for (const member of members) await linarite(['down', '--purge', '--data-dir', member.dataDir]).catch(() => undefined);
    await blobs.remove();
    await postgres.remove();
    rmSync(parent, { recursive: true, force: true });
  };
  try {
    for (const member of members) await member.up(release);
  } catch (error) {
    await purge();
    throw error;
  }
  return { members, databaseUrl, postgres, balancer: `http://127.0.0.1:${balancing.port}`, environment, parent, purge };
}

export async function memberAt(dataDir: string, flags: readonly string[], environment: NodeJS.ProcessEnv): Promise<Member> {
  const port = await freePort();
  const pid = async (): Promise<number> => Number((await env()).LINARITE_PID);
  const env = async (): Promise<LinariteEnv> => JSON.parse((await linarite(['env', '--data-dir', dataDir, '--format', 'json'])).stdout) as LinariteEnv;
  return {
    dataDir,
    port,
    url: `http://127.0.0.1:${port}`,
    up: async (release = linarite) => void (await release(['up', '--detach', '--data-dir', dataDir, '--port', String(port), ...flags], { env: environment })),
    kill: async () => void process.kill(await pid(), 'SIGKILL'),
    down: async () => void (await linarite(['down', '--data-dir', dataDir])),
    restart: async () => void (await linarite(['restart', '--data-dir', dataDir], { env: environment })),
    pid,
    env,
  };
}

/** The cluster key as a file, with what it says. */
export function keyFile(parent: string, key: string): string {
  const path = join(parent, 'cluster-key');
  writeFileSync(path, `${key}\n`, { mode: 0o600 });
  return path;
}

/** As load balancers do it that know nothing of HTTP: each connection goes to the next one that takes it. */
async function balance(ports: readonly number[]): Promise<{ readonly port: number; close(): void }> {
  let next = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    sockets.add(client);
    client.once('close', () => sockets.delete(client));
    client.on('error', () => undefined);
    const attempt = (left: number): void => {
      next += 1;
      const port = ports[next % ports.length];
      if (left === 0 || port === undefined) return void client.destroy();
      const backend = connectTcp(port, '127.0.0.1');
      // Node.js takes `connecting` back before it tells of the error.
      let isConnected = false;
      backend.once('connect', () => {
        isConnected = true;
        client.pipe(backend).pipe(client);
        client.once('close', () => backend.destroy());
        backend.once('close', () => client.destroy());
      });
      backend.on('error', () => (isConnected ? client.destroy() : attempt(left - 1)));
    };
    attempt(ports.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const GROUP = '/subscriptions/11a12173-0000-4000-8000-000000000002/resourceGroups/linarite';

/** Asks the Resource Manager of one of the processes, as their operator. `path`: below the accounts of the group. */
export type AskManager = (member: Member, method: string, path: string, body?: object) => Promise<Record<string, unknown>>;

/** @throws Error with status and text of an answer that is no success. */
export async function asOperatorOf({ members }: Pick<Several, 'members'>): Promise<AskManager> {
  const token = await operatorToken(members, 'https://management.azure.com/');
  return async ({ url }, method, path, body) => {
    const answer = await fetch(`${url}${GROUP}/providers/Microsoft.Batch/batchAccounts/${path}?api-version=2025-06-01`, { method, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  };
}

/** A token of the operator's for the given audience, as programs of the machine get it. */
export async function operatorToken(members: readonly Member[], resource: string): Promise<string> {
  const [first] = members;
  if (first === undefined) throw new Error('no process');
  const operator = JSON.parse((await linarite(['env', '--identity', '--format', 'json', '--data-dir', first.dataDir])).stdout) as Readonly<Record<string, string>>;
  const answer = await fetch(`${operator['IDENTITY_ENDPOINT']}?api-version=2019-08-01&resource=${resource}`, { headers: { 'x-identity-header': operator['IDENTITY_HEADER'] ?? '' } });
  return ((await answer.json()) as { readonly access_token: string }).access_token;
}

/** Makes an account, and waits until it works. Returns its key. */
export async function makeAccount(ask: AskManager, member: Member, name: string): Promise<string> {
  await ask(member, 'PUT', name, { location: 'westeurope', properties: {} });
  await until(`${name} is made`, 60_000, async () => ((await ask(member, 'GET', name))['properties'] as { readonly provisioningState?: string })?.provisioningState === 'Succeeded' || undefined, 200);
  return String((await ask(member, 'POST', `${name}/listKeys`))['primary']);
}
