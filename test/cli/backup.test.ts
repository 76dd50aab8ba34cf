import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchServiceClient } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Linarite, startLinarite } from '../../src/testing/linarite.ts';
import { LAUNCHER, mustRun, run } from '../support/linarite.ts';

const POOL = { id: 'p', vmSize: 'standard_d2s_v3', targetDedicatedNodes: 0, virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' } };

describe('a backup', { timeout: 480_000 }, () => {
  let parent: string;
  let service: Linarite;
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'linarite-backup-'));
    service = await startLinarite({ seed: { pools: [POOL], storage: [{ container: 'words', blobs: [{ name: 'greeting.txt', text: 'hello\n' }] }] } });
  });
  afterAll(async () => {
    await service.stop();
    await rm(parent, { recursive: true, force: true });
  });

  /** Adds tasks one after the other until it is told to end. Gives those that were acknowledged, in order. */
  function keepAdding(batch: BatchServiceClient, job: string) {
    const acknowledged: string[] = [];
    const over = new AbortController();
    const adding = (async () => {
      for (let number = 0; !over.signal.aborted; number += 1) {
        await batch.task.add(job, { id: `t${number}`, commandLine: '/bin/true' });
        acknowledged.push(`t${number}`);
      }
    })();
    return { acknowledged, end: () => (over.abort(), adding) };
  }

  async function restored(file: string, name: string): Promise<Linarite> {
    const dataDir = join(parent, name);
    await mustRun(LAUNCHER, ['restore', file, '--data-dir', dataDir], { timeoutMs: 240_000 });
    return startLinarite({ dataDir, ephemeral: false });
  }

  async function tasksOf(batch: BatchServiceClient, job: string): Promise<readonly string[]> {
    const ids: string[] = [];
    for (let page = await batch.task.list(job); ; page = await batch.task.listNext(page.odatanextLink ?? '')) {
      ids.push(...page.map(({ id = '' }) => id));
      if (page.odatanextLink === undefined) return ids;
    }
  }

  test('taken while clients write has all that was acknowledged before it, and no half of what came meanwhile', async () => {
    const batch = await service.batchClient();
    await batch.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
    const adding = keepAdding(batch, 'j');
    await expect.poll(() => adding.acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(20);
    const before = adding.acknowledged.length;
    const file = join(parent, 'whole.backup');
    await service.run('backup', '--with-key', file);
    await adding.end();
    expect((await stat(file)).mode & 0o077, 'it holds keys').toBe(0);
    const after = await restored(file, 'restored');
    const there = await tasksOf(await after.batchClient(), 'j');
    expect(there.length).toBeGreaterThanOrEqual(before);
    const numbers = there.map((id) => Number(id.slice(1))).sort((a, b) => a - b);
    expect(numbers, 'what came after the backup is not there; before that none is missing').toEqual(numbers.map((_, index) => index));
    const blobs = BlobServiceClient.fromConnectionString(after.storage.connectionString);
    expect((await blobs.getContainerClient('words').getBlobClient('greeting.txt').downloadToBuffer()).toString()).toBe('hello\n');
    expect(after.account, 'clients go on with their keys').toEqual(service.account);
    await after.run('pool', 'resize', 'p', '--target-dedicated-nodes', '1');
    await after.run('task', 'wait', 'j');
    await after.stop();
  });

  test('goes into a blob by a link, and comes from there', async () => {
    const blobs = await service.blobClient();
    const container = blobs.getContainerClient('backups');
    await container.create();
    const sas = await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('rcw'), expiresOn: new Date(Date.now() + 3_600_000) });
    const link = sas.replace('/backups?', '/backups/today?');
    await service.run('backup', '--with-key', link);
    const { stdout, stderr } = await mustRun(LAUNCHER, ['restore', link, '--data-dir', join(parent, 'from-blob')], { timeoutMs: 240_000 });
    expect(stdout + stderr, 'its signature is a secret').not.toContain('sig=');
    const after = await startLinarite({ dataDir: join(parent, 'from-blob'), ephemeral: false });
    expect(JSON.parse((await after.run('pool', 'list', '-o', 'json')).stdout)).toMatchObject([{ id: 'p' }]);
    await after.stop();
    const refused = await run(LAUNCHER, ['restore', link.replace('today', 'yesterday'), '--data-dir', join(parent, 'none')]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('/backups/yesterday: BlobNotFound')]);
    expect(refused.stderr).not.toContain('sig=');
  });

  test('is refused where it cannot be whole, or would put something in the place of data', async () => {
    const file = join(parent, 'cut.backup');
    await service.run('backup', '--with-key', file);
    const into = ['--data-dir', join(parent, 'cut')];
    const occupied = await run(LAUNCHER, ['restore', file, '--data-dir', service.dataDir]);
    expect([occupied.code, occupied.stderr]).toEqual([1, expect.stringContaining('holds data already')]);
    truncateSync(file, (await stat(file)).size - 100);
    const cut = await run(LAUNCHER, ['restore', file, ...into]);
    expect([cut.code, cut.stderr]).toEqual([1, expect.stringContaining(`${file} is no whole backup`)]);
    writeFileSync(file, 'no archive');
    expect((await run(LAUNCHER, ['restore', file, ...into])).stderr).toContain(`${file} is no whole backup`);
    await expect(stat(join(parent, 'cut', 'version'))).rejects.toThrow('ENOENT');
    const nothing = await run(LAUNCHER, ['backup', file, ...into]);
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('there is no data at')]);
  });

  test('has keys in it only if it is asked to, and is restored without them by a copy of them', async () => {
    const dataDir = join(parent, 'apart');
    const first = await startLinarite({ dataDir, ephemeral: false, seed: { pools: [POOL] } });
    const [file, whole] = [join(parent, 'apart.backup'), join(parent, 'with-key.backup')];
    expect((await first.run('backup', file)).stderr).toContain(`its keys are not in it: keep ${join(dataDir, 'keys')} apart`);
    await first.run('backup', '--with-key', whole);
    await first.stop();
    expect([file, whole].map((path) => /keys\/nodes|certificates\//.test(readFileSync(path, 'latin1')))).toEqual([false, true]);

    const into = join(parent, 'apart-restored');
    const refused = await run(LAUNCHER, ['restore', file, '--data-dir', into]);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('was made without --with-key')]);
    expect((await run(LAUNCHER, ['restore', file, '--keys', parent, '--data-dir', into])).stderr).toContain('there are no keys of a service');
    expect((await run(LAUNCHER, ['restore', whole, '--keys', join(dataDir, 'keys'), '--data-dir', into])).stderr).toContain('takes no --keys');
    await mustRun(LAUNCHER, ['restore', file, '--keys', join(dataDir, 'keys'), '--data-dir', into], { timeoutMs: 120_000 });
    const after = await startLinarite({ dataDir: into, ephemeral: false });
    expect(after.account).toEqual(first.account);
    for (const name of readdirSync(join(dataDir, 'keys'))) expect(readFileSync(join(into, 'keys', name)), `what ${name} opens`).toEqual(readFileSync(join(dataDir, 'keys', name)));
    expect(JSON.parse((await after.run('pool', 'list', '-o', 'json')).stdout)).toMatchObject([{ id: 'p' }]);
    expect(readFileSync(join(into, 'certificates', 'ca.pem'), 'utf8'), 'clients go on with the authority that they trust').toBe(readFileSync(join(dataDir, 'certificates', 'ca.pem'), 'utf8'));
    await after.stop();
  });

  test('of a service that has ended is the same', async () => {
    const dataDir = join(parent, 'ended');
    const ended = await startLinarite({ dataDir, ephemeral: false, clock: 'virtual', seed: { pools: [POOL] } });
    await ended.advance('3d');
    await ended.stop();
    const file = join(parent, 'ended.backup');
    await mustRun(LAUNCHER, ['backup', '--with-key', file, '--data-dir', dataDir]);
    const after = await restored(file, 'ended-restored');
    expect((await after.run('clock')).stdout, 'its clock too').toContain('3 d ahead');
    expect(JSON.parse((await after.run('pool', 'list', '-o', 'json')).stdout)).toMatchObject([{ id: 'p' }]);
    await after.stop();
  });
});
