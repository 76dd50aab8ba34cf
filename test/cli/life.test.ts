import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Finished, type LinariteEnv, freePort, linarite, mustRun, processesNaming, run, until } from '../support/linarite.ts';

const LAUNCHER = resolve(import.meta.dirname, '../../linarite');
const isRoot = process.getuid?.() === 0;

/** A parent directory that everybody may pass through, so that nothing has to lie elsewhere. */
let parent: string;
const used = new Set<string>();

beforeAll(() => {
  parent = mkdtempSync(join(tmpdir(), 'linarite-life-'));
  chmodSync(parent, 0o711);
});
afterEach(async () => {
  for (const dataDir of used) await linarite(['down', '--purge', '--data-dir', dataDir]);
  used.clear();
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

function freshDirectory(name: string): string {
  const dataDir = join(parent, name);
  used.add(dataDir);
  return dataDir;
}

interface Shown {
  readonly state: string;
  readonly place?: string;
  readonly endpoint?: string;
  readonly service?: { readonly pid: number };
  readonly database?: { readonly pid?: number; readonly settings?: Record<string, string> };
  readonly blobs?: { readonly pid?: number };
  readonly counts?: { readonly pools: number };
  readonly leftovers?: readonly string[];
}

const up = (dataDir: string, ...more: string[]): Promise<Finished> => linarite(['up', '--detach', '--data-dir', dataDir, ...more]);
const env = async (dataDir: string): Promise<LinariteEnv> => JSON.parse((await linarite(['env', '--format', 'json', '--data-dir', dataDir])).stdout) as LinariteEnv;
const status = async (dataDir: string): Promise<Shown> => JSON.parse((await run(LAUNCHER, ['status', '--json', '--data-dir', dataDir])).stdout) as Shown;
const pidsOf = ({ service, database, blobs }: Shown): number[] => [service?.pid, database?.pid, blobs?.pid].filter((pid) => pid !== undefined);
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

async function putBlob({ AZURE_STORAGE_CONNECTION_STRING: connection }: LinariteEnv, text: string): Promise<void> {
  const container = BlobServiceClient.fromConnectionString(connection).getContainerClient('kept');
  await container.createIfNotExists();
  await container.getBlockBlobClient('blob').upload(text, text.length);
}

async function getBlob({ AZURE_STORAGE_CONNECTION_STRING: connection }: LinariteEnv): Promise<string> {
  return (await BlobServiceClient.fromConnectionString(connection).getContainerClient('kept').getBlockBlobClient('blob').downloadToBuffer()).toString();
}

describe('linarite up and down', () => {
  test('starts in the background, tells clients how to connect, serves plain and TLS on one port, and leaves nothing when purged', async () => {
    const dataDir = freshDirectory('usual');
    const port = await freePort();
    const { stdout } = await up(dataDir, '--port', String(port));
    expect(stdout).toContain(`is ready at http://127.0.0.1:${port}`);

    const connect = await env(dataDir);
    const shown = await status(dataDir);
    expect(connect).toEqual({
      AZURE_BATCH_ACCOUNT: 'linarite',
      AZURE_BATCH_ACCESS_KEY: expect.stringMatching(/^[\w+/]{86}==$/),
      AZURE_BATCH_ENDPOINT: `http://127.0.0.1:${port}`,
      AZURE_STORAGE_ACCOUNT: 'devstoreaccount1',
      AZURE_STORAGE_KEY: expect.stringMatching(/^[\w+/]{86}==$/),
      AZURE_STORAGE_BLOB_ENDPOINT: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/devstoreaccount1$/),
      AZURE_STORAGE_CONNECTION_STRING: expect.stringContaining('AccountName=devstoreaccount1'),
      LINARITE_MANAGEMENT_ENDPOINT: `https://127.0.0.1:${port}`,
      LINARITE_CA_FILE: join(dataDir, 'certificates', 'ca.pem'),
      LINARITE_PID: String(shown.service?.pid),
    });
    expect((await fetch(`${connect.AZURE_BATCH_ENDPOINT}/readyz`)).status).toBe(200);
    expect(await tlsStatus(`${connect.LINARITE_MANAGEMENT_ENDPOINT}/readyz`, connect.LINARITE_CA_FILE)).toBe(200);
    expect(shown).toMatchObject({ state: 'ready', counts: { pools: 0 }, database: { settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' } } });
    expect(shown.place).toBeUndefined();

    const again = await up(dataDir);
    expect(again.stdout).toContain(`is ready at http://127.0.0.1:${port}`);
    expect((await status(dataDir)).service?.pid).toBe(shown.service?.pid);

    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('env tells nothing by halves while the service starts', async () => {
    const dataDir = freshDirectory('halves');
    const starting = up(dataDir, '--port', '0');
    const told = await until('env answers', 60_000, async () => {
      const { code, stdout } = await run(LAUNCHER, ['env', '--format', 'json', '--data-dir', dataDir]);
      return code === 0 ? (JSON.parse(stdout) as LinariteEnv) : undefined;
    });
    await starting;
    expect(told).toEqual(await env(dataDir));
  });

  test('the shell form of env can be evaluated', async () => {
    const dataDir = freshDirectory("it's a directory");
    await up(dataDir, '--port', '0');
    const script = `eval "$("$1" env --data-dir "$2")" && printf '%s|%s' "$LINARITE_CA_FILE" "$AZURE_STORAGE_CONNECTION_STRING"`;
    const { stdout } = await run('/bin/sh', ['-c', script, 'sh', LAUNCHER, dataDir]);
    const connect = await env(dataDir);
    expect(stdout).toBe(`${connect.LINARITE_CA_FILE}|${connect.AZURE_STORAGE_CONNECTION_STRING}`);
  });

  test('two services live side by side, each with its own data', async () => {
    const [one, two] = [freshDirectory('one'), freshDirectory('two')];
    await Promise.all([up(one, '--port', '0'), up(two, '--port', '0')]);
    const [first, second] = [await env(one), await env(two)];
    expect(first.AZURE_BATCH_ENDPOINT).not.toBe(second.AZURE_BATCH_ENDPOINT);
    await putBlob(first, 'one');
    await putBlob(second, 'two');
    await linarite(['down', '--data-dir', one]);
    expect(await getBlob(second)).toBe('two');
    await up(one, '--port', '0');
    expect(await getBlob(await env(one))).toBe('one');
  });

  test('two at once on one data directory are one service', async () => {
    const dataDir = freshDirectory('race');
    const outcomes = await Promise.all([run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0']), run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0'])]);
    expect(outcomes.map(({ code }) => code)).toContain(0);
    for (const { code, stderr } of outcomes) if (code !== 0) expect(stderr).toMatch(/another service \(process \d+\) uses/);
    expect((await status(dataDir)).state).toBe('ready');
  });

  test.each([0, 150, 400, 1_000])('down --purge %i ms into a start leaves nothing at all, or a running service with its data', async (afterMs) => {
    const dataDir = freshDirectory(`purged-${afterMs}`);
    const starting = run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0']);
    // Not a wait for something: the moments of a start that purge is tried at.
    await new Promise((settle) => setTimeout(settle, afterMs));
    const purged = await run(LAUNCHER, ['down', '--purge', '--data-dir', dataDir]);
    const started = await starting;
    expect(purged).toMatchObject({ code: 0, stderr: '' });
    if (existsSync(dataDir)) {
      expect(started.code).toBe(0);
      expect((await status(dataDir)).state).toBe('ready');
      await putBlob(await env(dataDir), 'kept');
      expect(await getBlob(await env(dataDir))).toBe('kept');
    } else {
      expect(processesNaming(dataDir)).toEqual([]);
    }
  });

  test('Ctrl-C in the foreground ends everything', async () => {
    const dataDir = freshDirectory('foreground');
    const child = spawn(LAUNCHER, ['up', '--data-dir', dataDir, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
    expect(line).toContain('is ready at');
    const pids = pidsOf(await status(dataDir));
    expect(pids).toHaveLength(3);
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect((await status(dataDir)).state).toBe('stopped');
  });

  test('restart keeps address, blobs and the well-known keys that were insisted on, with new processes', async () => {
    const dataDir = freshDirectory('restart');
    await up(dataDir, '--port', '0', '--well-known-key');
    const before = await env(dataDir);
    expect(Buffer.from(before.AZURE_BATCH_ACCESS_KEY, 'base64').toString()).toContain('known to everybody');
    const pids = pidsOf(await status(dataDir));
    await putBlob(before, 'kept');
    await linarite(['restart', '--data-dir', dataDir]);
    const after = await env(dataDir);
    expect({ ...after, LINARITE_PID: '' }).toEqual({ ...before, LINARITE_PID: '' });
    expect(await getBlob(after)).toBe('kept');
    expect(pidsOf(await status(dataDir)).filter((pid) => pids.includes(pid))).toEqual([]);
  });
});

describe('after kill -9', () => {
  test('of any of its processes, alone and together, up finds its way back on the same address with all data', async () => {
    const dataDir = freshDirectory('killed');
    await up(dataDir, '--port', '0');
    const before = await env(dataDir);
    await putBlob(before, 'kept');
    for (const victims of [['service'], ['database'], ['blobs'], ['database', 'blobs'], ['service', 'database', 'blobs']] as const) {
      const shown = await status(dataDir);
      for (const victim of victims) process.kill(shown[victim]?.pid ?? Number.NaN, 'SIGKILL');
      await up(dataDir);
      const after = await env(dataDir);
      expect({ ...after, LINARITE_PID: '' }, `after ${victims.join(' and ')}`).toEqual({ ...before, LINARITE_PID: '' });
      expect(await getBlob(after)).toBe('kept');
      const now = await status(dataDir);
      expect(now.state).toBe('ready');
      for (const victim of victims) expect(now[victim]?.pid).not.toBe(shown[victim]?.pid);
    }
  }, 180_000);

  test('of the service, status says so and down ends what it left', async () => {
    const dataDir = freshDirectory('left');
    await up(dataDir, '--port', '0');
    const shown = await status(dataDir);
    process.kill(shown.service?.pid ?? Number.NaN, 'SIGKILL');
    await until('the service is gone', 5_000, async () => ((await status(dataDir)).state === 'killed' ? true : undefined));
    expect((await status(dataDir)).leftovers).toHaveLength(2);
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).code).toBe(3);
    const { stdout } = await linarite(['down', '--data-dir', dataDir]);
    expect(stdout).toContain('ended what a killed service had left: blob server, PostgreSQL');
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
  });
});

describe('what cannot be done is refused by name', () => {
  test('a taken port, with its owner', async () => {
    const [one, two] = [freshDirectory('holder'), freshDirectory('late')];
    await up(one, '--port', '0');
    const { port } = new URL((await env(one)).AZURE_BATCH_ENDPOINT);
    const refused = await run(LAUNCHER, ['up', '--detach', '--data-dir', two, '--port', port]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
    if (process.platform === 'linux') expect(refused.stderr).toContain(`by the linarite of ${one}`);
    // Whoever tries another port at once must not meet the one that failed.
    expect(processesNaming(two)).toEqual([]);
    expect((await status(two)).state).toBe('stopped');
  });

  test('a port taken by a stranger', async () => {
    const stranger = createServer().listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const address = stranger.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const refused = await run(LAUNCHER, ['up', '--data-dir', freshDirectory('strange'), '--port', String(port)]);
      expect(refused.code).toBe(4);
      expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
    } finally {
      stranger.close();
    }
  });

  test('a data directory of a newer linarite', async () => {
    const dataDir = join(parent, 'newer');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'version'), '99 7.5.0\n');
    for (const command of [['up'], ['up', '--detach'], ['status'], ['down', '--purge']]) {
      const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
      expect(refused.code).toBe(5);
      expect(refused.stderr).toContain('belongs to linarite 7.5.0 (data format 99)');
    }
    expect(readdirSync(dataDir)).toEqual(['version']);
  });

  test('a directory full of something else', async () => {
    const dataDir = join(parent, 'foreign');
    mkdirSync(dataDir);
    writeFileSync(join(dataDir, 'thesis.txt'), 'three years of work');
    for (const command of [['up'], ['down', '--purge']]) {
      const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('holds something, but no data of linarite');
    }
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
  });

  test('a file where the data directory should be', async () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    for (const dataDir of [file, join(file, 'below')]) {
      for (const command of [['up'], ['up', '--detach'], ['status'], ['env'], ['down']]) {
        const refused = await run(LAUNCHER, [...command, '--data-dir', dataDir]);
        expect(refused).toMatchObject({ code: 1, stdout: '' });
        expect(refused.stderr).toMatch(new RegExp(`^linarite: ${dataDir} cannot be used as data directory: E(NOTDIR|EXIST)`));
      }
    }
  });

  test('purge keeps what somebody else put into the data directory', async () => {
    const dataDir = freshDirectory('shared');
    await up(dataDir, '--port', '0');
    writeFileSync(join(dataDir, 'thesis.txt'), 'three years of work');
    const { stdout } = await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(stdout).toContain('left what is not ours: thesis.txt');
    expect(readdirSync(dataDir)).toEqual(['thesis.txt']);
    used.delete(dataDir);
  });

  test('a service that does not run', async () => {
    const dataDir = join(parent, 'nothing');
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).code).toBe(3);
    const noEnv = await run(LAUNCHER, ['env', '--data-dir', dataDir]);
    expect(noEnv).toMatchObject({ code: 3, stdout: '' });
    expect(noEnv.stderr).toMatch(/start one with \S*linarite up --detach --data-dir /);
    expect(noEnv.stderr).toContain(dataDir);
    expect((await run(LAUNCHER, ['restart', '--data-dir', dataDir])).code).toBe(3);
    expect((await run(LAUNCHER, ['down', '--data-dir', dataDir])).code).toBe(0);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('another port than the running one', async () => {
    const dataDir = freshDirectory('moving');
    await up(dataDir, '--port', '0');
    const refused = await run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '1']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/already runs, on port \d+/);
  });

  test('a wrong option', async () => {
    expect((await run(LAUNCHER, ['up', '--port', 'http'])).code).toBe(2);
    // Variables that were not set; an empty address would be all addresses.
    for (const option of ['--port', '--host', '--data-dir']) expect((await run(LAUNCHER, ['up', option, ''])).code).toBe(2);
    expect((await run(LAUNCHER, ['env', '--format', 'xml'])).code).toBe(2);
  });
});

describe('secrets and users', () => {
  test.runIf(isRoot)('below a directory that others cannot enter, database and nodes lie in one place that purge removes', async () => {
    const closed = join(parent, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const dataDir = freshDirectory('closed/data');
    // As careful administrators have it.
    await mustRun('/bin/sh', ['-c', 'umask 077; exec "$@"', 'sh', LAUNCHER, 'up', '--detach', '--data-dir', dataDir, '--port', '0']);
    const shown = await status(dataDir);
    const place = shown.place ?? '';
    expect(place).toMatch(/^\/var\/(lib|tmp)\/linarite\/[0-9a-f]{16}$/);
    expect(readdirSync(place).sort()).toEqual(['database', 'nodes', 'owner']);
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).stdout).not.toContain('may not pass through');
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).stdout).toContain(place);
    await putBlob(await env(dataDir), 'kept');
    await linarite(['restart', '--data-dir', dataDir]);
    expect(await getBlob(await env(dataDir))).toBe('kept');
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(existsSync(place)).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('a path too long for a unix socket is no obstacle', async () => {
    const dataDir = freshDirectory(`long/${'x'.repeat(80)}`);
    await up(dataDir, '--port', '0');
    const { place } = await status(dataDir);
    expect(place).toBeDefined();
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(existsSync(place ?? '')).toBe(false);
  });

  test.runIf(isRoot)('as root keys are random and kept', async () => {
    const dataDir = freshDirectory('random');
    await up(dataDir, '--port', '0');
    const first = await env(dataDir);
    expect(Buffer.from(first.AZURE_BATCH_ACCESS_KEY, 'base64').toString()).not.toContain('known to everybody');
    for (const name of readdirSync(join(dataDir, 'keys'))) expect(statSync(join(dataDir, 'keys', name)).mode & 0o777).toBe(0o600);
    await linarite(['down', '--data-dir', dataDir]);
    await up(dataDir, '--port', '0');
    expect((await env(dataDir)).AZURE_BATCH_ACCESS_KEY).toBe(first.AZURE_BATCH_ACCESS_KEY);
  });

  test.runIf(isRoot)('without root everything runs as the caller, with the well-known keys', async () => {
    const home = join(parent, 'home');
    mkdirSync(home, { mode: 0o777 });
    chmodSync(home, 0o777);
    const dataDir = join(home, 'data');
    const main = resolve(import.meta.dirname, '../../dist/cli/main.js');
    const as = (...args: string[]): Promise<Finished> => run('setpriv', ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, main, ...args, '--data-dir', dataDir], { cwd: home, env: { HOME: home } });
    const started = await as('up', '--detach', '--port', '0');
    try {
      expect(started).toMatchObject({ code: 0, stderr: '' });
      const shown = await status(dataDir);
      for (const pid of pidsOf(shown)) expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\s+65534/m);
      const connect = JSON.parse((await as('env', '--format', 'json')).stdout) as LinariteEnv;
      expect(Buffer.from(connect.AZURE_BATCH_ACCESS_KEY, 'base64').toString()).toContain('known to everybody');
      // Root is told the keys of who runs the service.
      expect(await env(dataDir)).toEqual(connect);
    } finally {
      expect((await as('down', '--purge')).code).toBe(0);
    }
  });

  test('no credential appears in an argument or a log', async () => {
    const dataDir = freshDirectory('secret');
    await up(dataDir, '--port', '0');
    const connect = await env(dataDir);
    await putBlob(connect, 'x');
    const secrets = [connect.AZURE_BATCH_ACCESS_KEY, connect.AZURE_STORAGE_KEY];
    const shown = pidsOf(await status(dataDir)).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    await linarite(['down', '--data-dir', dataDir]);
    const logs = readdirSync(join(dataDir, 'logs')).map((name) => readFileSync(join(dataDir, 'logs', name), 'utf8'));
    expect(logs.join('')).toContain('"msg":"ready"');
    for (const text of [...shown, ...logs]) for (const secret of secrets) expect(text).not.toContain(secret);
  });
});

function tlsStatus(url: string, caFile: string): Promise<number> {
  return new Promise((settle, reject) => {
    const request = httpsRequest(url, { ca: readFileSync(caFile) }, (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}
