import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canOthersEnterCheckout } from '../../support/checkout.ts';
import { type Finished, type LinariteEnv, isAlive, linarite, mustRun, run } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, getBlob, pidsOf, putBlob, status, up } from './services.ts';

const isRoot = process.getuid?.() === 0;
const directories = dataDirectories();

describe('where data lies', () => {
  test.runIf(isRoot)('below a directory that others cannot enter, database and nodes lie in one place that purge removes', async () => {
    mkdirSync(join(directories.parent, 'closed'), { mode: 0o700 });
    const dataDir = directories.ofTest('closed/data');
    // As careful administrators have it.
    await mustRun('/bin/sh', ['-c', 'umask 077; exec "$@"', 'sh', LAUNCHER, 'up', '--detach', '--data-dir', dataDir, '--port', '0']);
    const place = (await status(dataDir)).place ?? '';
    expect(place).toMatch(/^\/var\/(lib|tmp)\/linarite\/[0-9a-f]{16}$/);
    // Where the checkout is closed to others as well, PostgreSQL is copied there.
    expect(readdirSync(place).filter((name) => !name.startsWith('postgresql-')).sort()).toEqual(['database', 'nodes', 'owner', 'reserve']);
    const { stdout } = await linarite(['status', '--data-dir', dataDir]);
    expect(stdout).not.toContain('may not pass through');
    expect(stdout).toContain(place);
    await putBlob(await env(dataDir), 'kept');
    await linarite(['restart', '--data-dir', dataDir]);
    expect(await getBlob(await env(dataDir))).toBe('kept');
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(existsSync(place)).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
  });

  test('a path too long for a unix socket is no obstacle', async () => {
    const dataDir = directories.ofTest(`long/${'x'.repeat(80)}`);
    await up(dataDir, '--port', '0');
    const shown = await status(dataDir);
    expect(shown.place).toBeDefined();
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
    expect(existsSync(shown.place ?? '')).toBe(false);
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('keys', () => {
  test('are for their owner alone to read, and appear in no argument and no log', async () => {
    const dataDir = directories.ofTest('secret');
    await up(dataDir, '--port', '0');
    const connect = await env(dataDir);
    if (isRoot) expect(Buffer.from(connect.AZURE_BATCH_ACCESS_KEY, 'base64').toString()).not.toContain('known to everybody');
    for (const name of readdirSync(join(dataDir, 'keys'))) expect(statSync(join(dataDir, 'keys', name)).mode & 0o777).toBe(0o600);
    await putBlob(connect, 'x');
    const secrets = [connect.AZURE_BATCH_ACCESS_KEY, connect.AZURE_STORAGE_KEY];
    const commandLines = pidsOf(await status(dataDir)).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
    await linarite(['down', '--data-dir', dataDir]);
    const logs = readdirSync(join(dataDir, 'logs')).map((name) => readFileSync(join(dataDir, 'logs', name), 'utf8'));
    expect(logs.join('')).toContain('"msg":"ready"');
    for (const text of [...commandLines, ...logs]) for (const secret of secrets) expect(text).not.toContain(secret);
  });

  test.runIf(isRoot && canOthersEnterCheckout)('without root are the well-known ones, and everything runs as the caller (needs root, and a checkout that others can enter)', async () => {
    const home = join(directories.parent, 'home');
    mkdirSync(home, { mode: 0o777 });
    chmodSync(home, 0o777);
    const dataDir = join(home, 'data');
    const main = resolve(import.meta.dirname, '../../../dist/cli/main.js');
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
});
