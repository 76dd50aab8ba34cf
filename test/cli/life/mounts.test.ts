import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { beforeEach, describe, expect, test } from 'vitest';
import { probeIsolation } from '../../../src/nodes/local/isolation.ts';
import { linarite, mustRun, run, until } from '../../support/linarite.ts';
import { machineMounts } from '../../support/mounts.ts';
import { dataDirectories, env, LAUNCHER, status } from './services.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const directories = dataDirectories();
const possible = (await probeIsolation({ dataRoot: join(directories.parent, 'probe'), programs: [process.execPath] })).isolation;
if (possible !== 'overlays') console.log('skipped: start tasks that mount, which need root');

describe.runIf(possible === 'overlays').each(['overlays', 'none'] as const)('a share that the start tasks of nodes isolated by `%s` mount', (isolation) => {
  let share: string;
  let dataDir: string;
  let batch: BatchServiceClient;
  const up = (): Promise<unknown> => mustRun(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '0'], { env: { ...process.env, LINARITE_ISOLATION: isolation } });
  beforeEach(async () => {
    share = join(directories.parent, `share-${isolation}`);
    mkdirSync(share);
    writeFileSync(join(share, 'results'), 'precious', { mode: 0o640 });
    dataDir = directories.ofTest(isolation);
    await up();
    const { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT } = await env(dataDir);
    batch = new BatchServiceClient(new BatchSharedKeyCredentials(AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY), AZURE_BATCH_ENDPOINT);
  });
  const mounts = (): readonly string[] => machineMounts(directories.parent);
  const addPool = async (id: string): Promise<void> => {
    const commandLine = `/bin/sh -c 'set -e; cd $AZ_BATCH_NODE_SHARED_DIR; mkdir data scratch; mount --bind ${share} data; mount -t tmpfs tmpfs scratch; touch scratch/x data/${id}'`;
    const userIdentity = { autoUser: { scope: 'pool', elevationLevel: 'admin' } } as const;
    await batch.pool.add({ id, vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, startTask: { commandLine, userIdentity, waitForSuccess: true } });
    await until(`the node of ${id} is idle`, 60_000, async () => (await batch.computeNode.list(id)).find(({ state }) => state === 'idle'));
  };
  const expectIntact = (...marks: string[]): void => {
    expect(readdirSync(share).sort()).toEqual([...marks, 'results'].sort());
    expect(readFileSync(join(share, 'results'), 'utf8')).toBe('precious');
    expect(statSync(join(share, 'results'))).toMatchObject({ uid: 0, mode: 0o100640 });
  };

  /** Of a node that is isolated nobody outside sees the mount. */
  const expectRefusedWhileInUse = async (): Promise<void> => {
    const data = mounts().find((point) => point.startsWith(dataDir) && point.endsWith('shared/data')) ?? '';
    const user = spawn('sleep', ['1000'], { cwd: data });
    await once(user, 'spawn');
    const refused = await run(LAUNCHER, ['down', '--purge', '--data-dir', dataDir]);
    user.kill('SIGKILL');
    await once(user, 'exit');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${data}: mounted there`);
    expectIntact('gone', 'kept');
    expect(readdirSync(dataDir)).toContain('database');
  };

  test('is as it was after the pool is deleted, and after down --purge', async () => {
    const before = mounts();
    expect(await status(dataDir)).toMatchObject({ isolation });
    expect((await linarite(['status', '--data-dir', dataDir])).stdout).toContain(isolation === 'none' ? 'not isolated' : 'isolated by overlays');
    await addPool('gone');
    const [node] = await batch.computeNode.list('gone');
    expect(node?.nodeAgentInfo?.version).toMatch(new RegExp(String.raw`\+${isolation}$`));
    await batch.pool.deleteMethod('gone');
    await until('nothing of the node is left', 60_000, async () => (readdirSync(join(dataDir, 'nodes')).length === 0 ? true : undefined));
    expectIntact('gone');
    await addPool('kept');
    if (isolation === 'none') await expectRefusedWhileInUse();
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    expectIntact('gone', 'kept');
    expect(existsSync(dataDir)).toBe(false);
    expect(mounts()).toEqual(before);
  });
});
