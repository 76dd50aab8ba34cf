import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, freePort, linarite } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, getBlob, pidsOf, putBlob, status, up } from './services.ts';

const directories = dataDirectories();

describe('two services side by side', () => {
  const [one, two] = [directories.ofFile('one'), directories.ofFile('two')];
  let ports: readonly number[];
  const upBoth = (): Promise<unknown> =>
    Promise.all([up(one, '--port', String(ports[0])), up(two, '--port', String(ports[1]), '--blob-port', String(ports[2]), '--well-known-key')]);
  beforeAll(async () => {
    ports = await Promise.all([freePort(), freePort(), freePort()]);
  });
  // Whichever runs already is only found again.
  beforeEach(upBoth);

  test('have each their own address, keys and data, which stay when one goes down and comes up again', async () => {
    const [first, second] = [await env(one), await env(two)];
    expect(first.AZURE_BATCH_ENDPOINT).not.toBe(second.AZURE_BATCH_ENDPOINT);
    expect(new URL(second.AZURE_STORAGE_BLOB_ENDPOINT).port).toBe(String(ports[2]));
    await putBlob(first, 'one');
    await putBlob(second, 'two');
    await linarite(['down', '--data-dir', one]);
    expect(await getBlob(second)).toBe('two');
    await upBoth();
    const again = await env(one);
    expect({ ...again, LINARITE_PID: '' }).toEqual({ ...first, LINARITE_PID: '' });
    expect(await getBlob(again)).toBe('one');
  });

  test('restart keeps address, blobs and the well-known keys that were insisted on, with new processes', async () => {
    const before = await env(two);
    expect(Buffer.from(before.AZURE_BATCH_ACCESS_KEY, 'base64').toString()).toContain('known to everybody');
    const pids = pidsOf(await status(two));
    await putBlob(before, 'kept');
    await linarite(['restart', '--data-dir', two]);
    const after = await env(two);
    expect({ ...after, LINARITE_PID: '' }).toEqual({ ...before, LINARITE_PID: '' });
    expect(await getBlob(after)).toBe('kept');
    expect(pidsOf(await status(two)).filter((pid) => pids.includes(pid))).toEqual([]);
  });

  test('down --purge of one removes what is its own: neither what somebody else put there nor the other service', async () => {
    const shown = await status(one);
    writeFileSync(join(one, 'thesis.txt'), 'three years of work');
    const { stdout } = await linarite(['down', '--purge', '--data-dir', one]);
    expect(stdout).toContain('left what is not ours: thesis.txt');
    expect(readdirSync(one)).toEqual(['thesis.txt']);
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
    expect((await status(two)).state).toBe('ready');
    rmSync(one, { recursive: true });
  });
});

test('Ctrl-C in the foreground ends everything, and down --purge leaves nothing', async () => {
  const dataDir = directories.ofTest('foreground');
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
  await linarite(['down', '--purge', '--data-dir', dataDir]);
  expect(existsSync(dataDir)).toBe(false);
});
