import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, type ContainerClient } from '@azure/storage-blob';
import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, rmdirSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LinariteEnv, run, until } from '../../support/linarite.ts';
import { LAUNCHER, env, status, up } from './services.ts';

const isRoot = process.geteuid?.() === 0 && process.platform === 'linux';
/** The database and all that has no disk of its own here. */
const DISK_MB = 360;
const PART_MB = { nodes: 32, blobs: 16, logs: 8 } as const;
type Part = keyof typeof PART_MB;
const PARTS = ['nodes', 'blobs', 'logs'] as const;
const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const WIDE_TASK = 'x'.repeat(30_000);
const BLOCK = Buffer.alloc(64 * 1024);

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

describe.runIf(isRoot)('a full disk is an answer (needs root)', () => {
  let disk: string;
  let dataDir: string;
  let variables: LinariteEnv;
  let client: BatchServiceClient;
  let blobs: ContainerClient;
  /** Opened while there is room: without, PostgreSQL may refuse new connections. */
  let database: Client;
  let longTaskStarted: string | undefined;
  const taken: string[] = [];

  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), 'linarite-test-'));
    dataDir = join(disk, 'data');
    mount(disk, DISK_MB);
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o711);
    // A data directory whose parts were mounted before its first start.
    writeFileSync(join(dataDir, 'version'), '1 0.1.0\n');
    for (const part of PARTS) {
      mkdirSync(join(dataDir, part));
      mount(join(dataDir, part), PART_MB[part]);
    }
    await up(dataDir, '--port', '0');
    variables = await env(dataDir);
    client = new BatchServiceClient(new BatchSharedKeyCredentials(variables.AZURE_BATCH_ACCOUNT, variables.AZURE_BATCH_ACCESS_KEY), variables.AZURE_BATCH_ENDPOINT, { noRetryPolicy: true });
    await client.pool.add({ id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 });
    await client.job.add({ id: 'work', poolInfo: { poolId: 'p' } });
    await client.task.add('work', { id: 'long', commandLine: 'sleep 600' });
    await client.job.add({ id: 'j', poolInfo: { poolId: 'nowhere' } });
    blobs = BlobServiceClient.fromConnectionString(variables.AZURE_STORAGE_CONNECTION_STRING, { retryOptions: { maxTries: 1 } }).getContainerClient('blobs');
    await blobs.create();
    await putBlob('kept');
    database = new Client({ host: join(dataDir, 'database', 'socket'), user: 'linarite', database: 'linarite' });
    database.on('error', () => {});
    await database.connect();
    longTaskStarted = await until('a task runs', 60_000, async () => (await client.task.get('work', 'long')).executionInfo?.startTime?.toISOString());
  });
  afterAll(async () => {
    await run(LAUNCHER, ['down', '--data-dir', dataDir]);
    for (const part of PARTS) execFileSync('umount', [join(dataDir, part)]);
    await run(LAUNCHER, ['down', '--purge', '--data-dir', dataDir]);
    execFileSync('umount', [disk]);
    rmdirSync(disk);
  });

  const mount = (path: string, megabytes: number): void => void execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'none', path]);
  const fill = (directory: string, name = 'fill'): void => {
    const file = openSync(join(directory, name), 'w');
    expect(() => {
      for (;;) writeSync(file, BLOCK);
    }).toThrow('ENOSPC');
    closeSync(file);
  };
  const readyz = async (): Promise<string> => {
    const answer = await fetch(`${variables.AZURE_BATCH_ENDPOINT}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  const says = (what: string, beginning: string): Promise<true> => until(what, 60_000, async () => ((await readyz()).startsWith(beginning) ? true : undefined));
  const shownByStatus = async (): Promise<string> => (await run(LAUNCHER, ['status', '--data-dir', dataDir])).stdout;

  const putBlob = (name: string, bytes = 100): Promise<unknown> => blobs.getBlockBlobClient(name).upload('x'.repeat(bytes), bytes);
  const keptBytes = async (): Promise<number> => (await blobs.getBlockBlobClient('kept').downloadToBuffer()).length;

  type Refusal = { readonly statusCode?: number; readonly code?: string; readonly retryAfter?: string | undefined };
  const refusalOf = (error: unknown): Refusal => {
    const { statusCode, code, response } = error as { statusCode?: number; code?: string; response?: { headers: { get(name: string): string | undefined } } };
    return { ...(statusCode === undefined ? {} : { statusCode }), ...(code === undefined ? {} : { code }), retryAfter: response?.headers.get('retry-after') };
  };
  /** Undefined: they were taken. */
  const add = async (first: number): Promise<Refusal | undefined> => {
    const tasks = Array.from({ length: 20 }, (_, index) => ({ id: `t${first + index}`, commandLine: WIDE_TASK }));
    try {
      const { value = [] } = await client.task.addCollection('j', tasks);
      taken.push(...value.map(({ taskId }) => taskId));
      return undefined;
    } catch (error) {
      return refusalOf(error);
    }
  };
  const busy = { statusCode: 503, code: 'ServerBusy', retryAfter: expect.stringMatching(/^\d+$/) };

  test.each(PARTS)('alone under the %s: all that does not need it goes on, and it is named', async (part: Part) => {
    const directory = join(dataDir, part);
    fill(directory);
    await says('it is named', `200 ready, but the disk of the ${part} (${directory}) is full`);
    expect(await add(taken.length)).toBeUndefined();
    expect((await client.task.get('j', 't0')).id).toBe('t0');
    expect(await keptBytes()).toBe(100);
    if (part === 'blobs') {
      await expect(putBlob('refused', 100_000)).rejects.toMatchObject({ statusCode: 500 });
      // One that dies meanwhile comes back, and what it has can be read.
      process.kill((await status(dataDir)).blobs?.pid ?? 0, 'SIGKILL');
      expect(await until('blobs can be read again', 60_000, () => keptBytes().catch(() => undefined))).toBe(100);
    }
    const nodeErrors = async (): Promise<readonly (string | undefined)[]> => [...(await client.computeNode.list('p'))].flatMap(({ errors = [] }) => errors.map(({ code }) => code));
    if (part === 'nodes') await until('the node says so', 60_000, async () => ((await nodeErrors()).includes('DiskFull') ? true : undefined));
    rmSync(join(directory, 'fill'));
    if (part === 'nodes') await until('the node says no more of it', 60_000, async () => ((await nodeErrors()).length === 0 ? true : undefined));
    await until('it can be written again', 60_000, () => putBlob('other', 100_000).then(() => true as const, () => undefined));
  });

  test('under the database: the reserve is given up first, writes are to be sent again, reads are answered, nothing taken is lost', async () => {
    fill(disk);
    for (const part of PARTS) fill(join(dataDir, part));
    await says('the disk is said to be full', '503 not ready: the disk of the records');
    // What the reserve gave back.
    fill(disk, 'more');
    const shown = await shownByStatus();
    for (const part of ['records', 'database']) expect(shown).toContain(`the ${part} (${dataDir}`);
    expect(await until('a write finds no room', 60_000, async () => add(taken.length))).toEqual(busy);
    expect((await client.task.get('j', 't0')).id).toBe('t0');
  });

  test('under a database that ends itself for it: it is started again as soon as there is room, and all goes on', async () => {
    const { pid } = (await status(dataDir)).database ?? {};
    await useUpLog();
    const read = await until('the database is gone', 60_000, () => client.task.get('j', 't0').then(() => undefined, refusalOf));
    expect(read).toEqual(busy);
    await until('it is said to be gone', 60_000, async () => ((await status(dataDir)).database?.pid === undefined ? true : undefined));
    expect(await readyz()).toMatch(/^503 not ready: the disk of the records/);

    for (const name of ['fill', 'more']) rmSync(join(disk, name));
    for (const part of PARTS) rmSync(join(dataDir, part, 'fill'));
    await says('it is ready again', '200 ready\n');
    expect(await until('writes are taken again', 60_000, async () => ((await add(10_000)) === undefined ? true : undefined))).toBe(true);
    for (const id of taken) expect((await client.task.get('j', id)).id).toBe(id);
    const { state, executionInfo } = await client.task.get('work', 'long');
    expect([state, executionInfo?.startTime?.toISOString(), executionInfo?.requeueCount]).toEqual(['running', longTaskStarted, 0]);
    expect((await status(dataDir)).database?.pid).not.toBe(pid);
    for (const line of readFileSync(join(dataDir, 'logs', 'service.log'), 'utf8').trim().split('\n')) expect(() => void JSON.parse(line)).not.toThrow();
  });

  /**
   * Asks PostgreSQL for one piece of its log after the other until it finds no room for the next, for which it ends
   * itself.
   */
  const useUpLog = async (): Promise<void> => {
    await expect(
      (async () => {
        for (let pieces = 0; pieces < 30; pieces += 1) {
          await database.query("select pg_logical_emit_message(false, 'test', 'text')");
          await database.query('select pg_switch_wal()');
        }
      })(),
    ).rejects.toThrow(/No space left on device|Connection terminated|ECONNRESET|EPIPE/);
    await database.end().catch(() => {});
  };
});
