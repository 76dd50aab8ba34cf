import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, freePort, linarite, run, until } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, getBlob, pidsOf, putBlob, status, up } from './services.ts';

const directories = dataDirectories();

describe('after kill -9', () => {
  const dataDir = directories.ofFile('killed');
  let port: number;
  beforeAll(async () => {
    port = await freePort();
  });
  // One that runs already is only found again.
  beforeEach(() => up(dataDir, '--port', String(port)));

  test('of any of its processes, alone and together, up finds its way back on the same address with all data', async () => {
    const before = await env(dataDir);
    await putBlob(before, 'kept');
    let shown = await status(dataDir);
    for (const victims of [['service'], ['database'], ['blobs'], ['database', 'blobs'], ['service', 'database', 'blobs']] as const) {
      for (const victim of victims) process.kill(shown[victim]?.pid ?? Number.NaN, 'SIGKILL');
      await up(dataDir);
      const after = await env(dataDir);
      expect({ ...after, LINARITE_PID: '' }, `after ${victims.join(' and ')}`).toEqual({ ...before, LINARITE_PID: '' });
      shown = await until('all run again', 60_000, async () => {
        const now = await status(dataDir);
        return now.state === 'ready' && victims.every((victim) => ![undefined, shown[victim]?.pid].includes(now[victim]?.pid)) ? now : undefined;
      });
      expect(await getBlob(after)).toBe('kept');
    }
  });

  test('of the service, status says so and down ends what it left', async () => {
    const shown = await status(dataDir);
    process.kill(shown.service?.pid ?? Number.NaN, 'SIGKILL');
    const killed = await until('the service is gone', 60_000, async () => {
      const now = await status(dataDir);
      return now.state === 'killed' ? now : undefined;
    });
    expect(killed.leftovers).toHaveLength(2);
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).code).toBe(3);
    const { stdout } = await linarite(['down', '--data-dir', dataDir]);
    expect(stdout).toContain('ended what a killed service had left: blob server, PostgreSQL');
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
  });
});
