import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { removeBusyTree } from '../../../src/agent/removal.ts';
import { reserveMemory } from '../../../src/cli/service/data/memory.ts';
import { type Finished, isAlive, linarite, processesNaming, run, until } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, getBlob, pidsOf, putBlob, status, up } from './services.ts';

const isRoot = process.getuid?.() === 0;
const hasMemory = process.platform === 'linux' && existsSync('/dev/shm');
const directories = dataDirectories();
const MB = 1024 * 1024;

function inMemory(dataDir: string): string {
  return (JSON.parse(readFileSync(join(dataDir, 'memory'), 'utf8')) as { path: string }).path;
}
/** Kills its processes, and waits for their end: until then they may write. */
async function killAll(dataDir: string): Promise<void> {
  const pids = pidsOf(await status(dataDir));
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await until('they have ended', 60_000, async () => (pids.some(isAlive) ? undefined : true));
}
function runs(dataDir: string, command: string): Promise<Finished> {
  return linarite(['run', '--data-dir', dataDir, '--items', '1', '--shell', '--', command]);
}

describe.runIf(hasMemory)('up --ephemeral', () => {
  test('keeps all in memory, through kills of all its processes, until down leaves nothing', async () => {
    const dataDir = directories.ofTest('kept');
    await up(dataDir, '--port', '0', '--ephemeral', '512MB');
    const place = inMemory(dataDir);
    expect(place).toMatch(/^\/dev\/shm\/|^\/tmp\//);
    expect(readdirSync(dataDir).sort()).toEqual(['memory', 'run', 'version']);
    const { stdout } = await linarite(['status', '--data-dir', dataDir]);
    expect(stdout).toContain(`in memory        ${place}`);
    expect(stdout).toContain('is lost when this machine ends');
    // Its nodes are there, too, and have shared memory of their own beside it.
    const { stdout: seen } = await runs(dataDir, 'stat -f -c %T "$AZ_BATCH_NODE_ROOT_DIR"; touch /dev/shm/mine; ls /dev/shm');
    expect(seen).toMatch(/^tmpfs\n/);
    if (isRoot) {
      expect(seen).toContain('mine');
      expect(existsSync('/dev/shm/mine')).toBe(false);
    }
    await putBlob(await env(dataDir), 'kept');
    await killAll(dataDir);
    // As it was: in memory, and with all that it held.
    await up(dataDir);
    expect(inMemory(dataDir)).toBe(place);
    expect(await getBlob(await env(dataDir))).toBe('kept');
    await linarite(['restart', '--data-dir', dataDir]);
    expect(await getBlob(await env(dataDir))).toBe('kept');
    const pids = pidsOf(await status(dataDir));
    expect((await linarite(['down', '--data-dir', dataDir])).stdout).toBe('ended\n');
    expect(existsSync(place)).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(processesNaming(place)).toEqual([]);
  });

  test('begins anew where the machine has lost what was in memory', async () => {
    const dataDir = directories.ofTest('lost');
    await up(dataDir, '--port', '0', '--ephemeral', '512MB');
    const place = inMemory(dataDir);
    await putBlob(await env(dataDir), 'lost');
    await killAll(dataDir);
    removeBusyTree(place);
    expect(await run(LAUNCHER, ['status', '--data-dir', dataDir])).toMatchObject({ code: 3, stderr: '' });
    await up(dataDir);
    expect(inMemory(dataDir)).toBe(place);
    await expect(getBlob(await env(dataDir))).rejects.toMatchObject({ statusCode: 404 });
    // The other way: whoever removes the data directory leaves a place that the next service clears.
    await killAll(dataDir);
    removeBusyTree(dataDir);
    const other = directories.ofTest('other');
    await up(other, '--port', '0', '--ephemeral', '512MB');
    expect(existsSync(place)).toBe(false);
  });

  test('is kept from starting by no place of a data directory that is gone, into which something still writes; the next start removes that', async () => {
    const [gone, one, next] = ['gone', 'one', 'next'].map((name) => join(directories.parent, name)) as [string, string, string];
    for (const root of [gone, one, next]) mkdirSync(root);
    const { path: place } = reserveMemory(gone, MB);
    const writer = spawn('/bin/sh', ['-c', 'cd "$1" || exit; echo ready; while :; do i=$((i+1)); : > $i; done', 'sh', place], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(writer.stdout, 'data');
    rmSync(gone, { recursive: true });
    const places = [reserveMemory(one, MB).path];
    expect(existsSync(place)).toBe(false);
    writer.kill('SIGKILL');
    await once(writer, 'close');
    places.push(reserveMemory(next, MB).path);
    const left = (): readonly string[] => readdirSync(dirname(place)).filter((name) => name.includes(basename(place)));
    await expect.poll(left).toEqual([]);
    for (const reserved of places) removeBusyTree(reserved);
  });

  test('refuses what it cannot keep: sizes, data on disk, a database elsewhere', async () => {
    const dataDir = directories.ofTest('refused');
    const asked = (...args: string[]): Promise<Finished> => run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0', ...args]);
    expect(await asked('--ephemeral', '64MB')).toMatchObject({ code: 2, stderr: expect.stringContaining('--ephemeral 64MB is too little') });
    expect(await asked('--ephemeral', 'much')).toMatchObject({ code: 2, stderr: expect.stringContaining('a size like 2GB') });
    expect(await asked('--ephemeral', '--database-url', 'postgres://nowhere/x')).toMatchObject({ code: 2, stderr: expect.stringContaining('--ephemeral keeps database and blobs in memory') });
    expect(existsSync(dataDir)).toBe(false);
    await up(dataDir, '--port', '0');
    expect(await asked('--ephemeral')).toMatchObject({ code: 1, stderr: expect.stringContaining('with its data on disk') });
    await linarite(['down', '--data-dir', dataDir]);
    expect(await asked('--ephemeral')).toMatchObject({ code: 1, stderr: expect.stringContaining('keeps its data on disk already') });
  });

  test.runIf(isRoot)('refuses a tmpfs that is small or runs no programs, by name', async () => {
    const dataDir = directories.ofTest('small');
    for (const [options, objection] of [
      ['size=64m', '/dev/shm has 64MB free'],
      ['size=1g,noexec', '/dev/shm runs no programs (noexec)'],
    ] as const) {
      // Of the other candidates none is a tmpfs here.
      const script = `mount -t tmpfs -o ${options} tmpfs /dev/shm && exec "$@"`;
      const words = [LAUNCHER, 'up', '--detach', '--ephemeral', '600MB', '--data-dir', dataDir, '--port', '0'];
      const { code, stderr } = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...words]);
      expect(stderr).toContain(objection);
      expect(code).toBe(1);
    }
  });
});

describe('up --node-dir', () => {
  test('keeps the directories of nodes there, for good, and purge removes them', async () => {
    const dataDir = directories.ofTest('data');
    const nodeDir = join(directories.parent, 'nodes elsewhere');
    mkdirSync(nodeDir, { mode: 0o711 });
    await up(dataDir, '--port', '0', '--node-dir', nodeDir);
    await runs(dataDir, 'true');
    const [name = ''] = readdirSync(nodeDir);
    expect(readdirSync(join(nodeDir, name)).sort()).toEqual(['nodes', 'owner']);
    expect(existsSync(join(dataDir, 'nodes'))).toBe(false);
    await linarite(['restart', '--data-dir', dataDir]);
    await runs(dataDir, 'true');
    expect((await linarite(['status', '--data-dir', dataDir])).stdout).toContain(join(nodeDir, name));
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(readdirSync(nodeDir)).toEqual([]);
  });
});
