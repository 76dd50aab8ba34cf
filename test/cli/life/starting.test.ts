import { existsSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type LinariteEnv, processesNaming, run, until } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, getBlob, putBlob, status } from './services.ts';

const directories = dataDirectories();

/** Where a file of a living process leads; empty: it has closed it meanwhile. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

describe('while a service starts', () => {
  test('a second start is of the same service, and env tells nothing by halves', async () => {
    const dataDir = directories.ofTest('race');
    const both = Promise.all([1, 2].map(() => run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0'])));
    const told = await until('env answers', 120_000, async () => {
      const { code, stdout } = await run(LAUNCHER, ['env', '--format', 'json', '--data-dir', dataDir]);
      return code === 0 ? (JSON.parse(stdout) as LinariteEnv) : undefined;
    }, 200);
    const outcomes = await both;
    expect(outcomes.map(({ code }) => code)).toContain(0);
    for (const { code, stderr } of outcomes) if (code !== 0) expect(stderr).toMatch(/another service \(process \d+\) uses/);
    expect((await status(dataDir)).state).toBe('ready');
    expect(told).toEqual(await env(dataDir));
  });

  test.runIf(existsSync('/proc/self/fd'))('no process of it keeps a file that was open where it was started (needs /proc)', async () => {
    const dataDir = directories.ofTest('descriptors');
    const secret = `${dataDir}.secret`;
    writeFileSync(secret, 'secret', { mode: 0o600 });
    const started = await run('/bin/bash', ['-c', 'exec 200<"$1" && exec "$2" up --detach --data-dir "$3" --port 0', 'sh', secret, LAUNCHER, dataDir]);
    expect(started).toMatchObject({ code: 0 });
    const { service, database, blobs } = JSON.parse((await run(LAUNCHER, ['status', '--json', '--data-dir', dataDir])).stdout) as Record<string, { pid?: number }>;
    const held = [service?.pid, database?.pid, blobs?.pid].flatMap((pid) => readdirSync(`/proc/${pid}/fd`).map((name) => linkOf(`/proc/${pid}/fd/${name}`)));
    expect(held.some((path) => path.startsWith('/'))).toBe(true);
    expect(held).not.toContain(secret);
    rmSync(secret);
  });

  test.each([0, 150, 400, 1_000])('down --purge after %i ms leaves nothing at all, or a running service with its data', async (afterMs) => {
    const dataDir = directories.ofTest(`purged-${afterMs}`);
    const starting = run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0']);
    // Not a wait for something: the moments of a start that purge is tried at.
    await new Promise((settle) => setTimeout(settle, afterMs));
    const purged = await run(LAUNCHER, ['down', '--purge', '--data-dir', dataDir]);
    const started = await starting;
    expect(purged).toMatchObject({ code: 0, stderr: '' });
    if (existsSync(dataDir)) {
      expect(started.code).toBe(0);
      expect((await status(dataDir)).state).toBe('ready');
      const connect = await env(dataDir);
      await putBlob(connect, 'kept');
      expect(await getBlob(connect)).toBe('kept');
    } else {
      expect(processesNaming(dataDir)).toEqual([]);
    }
  });
});
