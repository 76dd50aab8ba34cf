import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startLinarite } from '../../src/testing/linarite.ts';
import { waitUntil } from '../../src/processes/end.ts';
import { isAlive } from '../support/linarite.ts';

const HELPER = resolve(import.meta.dirname, '../../src/testing/linarite.ts');

describe('a service for a test', { timeout: 180_000 }, () => {
  test('has what its seed says, runs tasks, lets time pass, and leaves nothing', async () => {
    const service = await startLinarite({
      clock: 'virtual',
      seed: {
        storage: [{ container: 'words', blobs: [{ name: 'greeting.txt', text: 'hello\n' }] }],
        pools: [{ id: 'p', vmSize: 'standard_d2s_v3', targetDedicatedNodes: 1, virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' } }],
      },
    });
    const batch = await service.batchClient();
    await batch.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
    await batch.task.add('j', { id: 't', commandLine: '/bin/echo done' });
    await service.run('task', 'wait', 'j', 't');
    expect((await batch.task.get('j', 't')).executionInfo).toMatchObject({ exitCode: 0, result: 'success' });
    const blobs = await service.blobClient();
    expect((await blobs.getContainerClient('words').getBlobClient('greeting.txt').downloadToBuffer()).toString()).toBe('hello\n');
    const before7d = Date.now();
    await service.advance('7d');
    const later = JSON.parse((await service.run('clock', '--json')).stdout) as { readonly time: string };
    expect(Date.parse(later.time) - before7d).toBeGreaterThanOrEqual(7 * 86_400_000);
    await service.advance(new Date(Date.now() + 60 * 86_400_000));
    await service.stop();
    expect(isAlive(service.pid)).toBe(false);
    expect(existsSync(service.dataDir)).toBe(false);
    await service.stop();
  });

  test('stands beside others, each with addresses and data of its own', async () => {
    const services = await Promise.all([startLinarite(), startLinarite(), startLinarite()]);
    expect(new Set(services.flatMap(({ endpoint, storage, dataDir }) => [endpoint, storage.endpoint, dataDir])).size).toBe(9);
    await Promise.all(services.map((service) => service.stop()));
  });

  test('ends with its nodes when the process that started it is killed', async () => {
    const starter = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', `
      import { startLinarite } from ${JSON.stringify(HELPER)};
      const { pid, dataDir } = await startLinarite();
      console.log(JSON.stringify({ pid, dataDir }));
      setInterval(() => {}, 1_000);
    `], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(starter.stdout), 'line')) as [string];
    const { pid, dataDir } = JSON.parse(line) as { readonly pid: number; readonly dataDir: string };
    starter.kill('SIGKILL');
    expect(await waitUntil(() => !isAlive(pid), 60_000)).toBe(true);
    expect(await waitUntil(() => !existsSync(dataDir), 60_000)).toBe(true);
  });

  test('that does not start says why', async () => {
    await expect(startLinarite({ seed: { pools: [{ id: 'p', vmSize: 5 }] } })).rejects.toThrow(/vmSize/);
    await expect(startLinarite({ seed: '/nowhere/seed.yaml' })).rejects.toThrow('/nowhere/seed.yaml');
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { readonly port: number };
    await expect(startLinarite({ port })).rejects.toThrow(`port ${port}`);
    taken.close();
  });

  test('has no time to let pass where its clock is real', async () => {
    await using service = await startLinarite();
    await expect(service.advance('1h')).rejects.toThrow(/clock of this service is the real one/);
  });
});
