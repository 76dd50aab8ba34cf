import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listOfTasks } from '../../src/cli/hint.ts';
import { mustRun, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const AZ = '/usr/bin/az';
const present = (await run(AZ, ['version']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: azure-cli is not installed');

describe.skipIf(!present)("Debian's azure-cli, unmodified, with account, key and endpoint", () => {
  let instance: Instance;
  let home: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    instance = await startLinarite();
    home = await mkdtemp(join(tmpdir(), 'linarite-az-'));
    const { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT } = await instance.env();
    env = { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT, AZURE_CONFIG_DIR: home, AZURE_CORE_COLLECT_TELEMETRY: 'false' };
  });
  afterAll(async () => {
    await instance.purge();
    await rm(home, { recursive: true, force: true });
  });
  const az = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await mustRun(AZ, ['batch', ...args, '-o', 'json'], { env, timeoutMs: 60_000 });
    return stdout.trim() === '' ? null : (JSON.parse(stdout) as unknown);
  };

  test('pool, job, 100 tasks, wait, read stdout, delete', async () => {
    await az('pool', 'create', '--id', 'az', '--image', 'canonical:0001-com-ubuntu-server-jammy:22_04-lts', '--node-agent-sku-id', 'batch.node.ubuntu 22.04', '--target-dedicated-nodes', '2', '--vm-size', 'Standard_A1_v2');
    await az('job', 'create', '--id', 'az', '--pool-id', 'az');
    const file = join(home, 'tasks.json');
    await writeFile(file, JSON.stringify(Array.from({ length: 100 }, (_, index) => ({ id: `t${index}`, commandLine: `/bin/sh -c 'echo task ${index}'` }))));
    await az('task', 'create', '--job-id', 'az', '--json-file', file);
    await until('all are completed', 60_000, async () => {
      const seen = (await az('job', 'task-counts', 'show', '--job-id', 'az')) as { taskCounts: { succeeded: number } };
      return seen.taskCounts.succeeded === 100 ? true : undefined;
    });
    const table = await mustRun('/bin/sh', ['-c', listOfTasks('az')], { env: { ...env, PATH: '/usr/bin:/bin' }, timeoutMs: 60_000 });
    expect(table.stdout).toMatch(/^Task +State +ExitCode +Result +Node/m);
    expect(table.stdout).toMatch(/^t5 +completed +0 +success +\S+/m);
    const shown = await az('task', 'show', '--job-id', 'az', '--task-id', 't5');
    expect(shown).toMatchObject({ id: 't5', state: 'completed', executionInfo: { exitCode: 0, result: 'success' } });
    const files = (await az('task', 'file', 'list', '--job-id', 'az', '--task-id', 't5')) as { name: string }[];
    expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['stdout.txt', 'stderr.txt', 'wd']));
    const target = join(home, 'stdout.txt');
    await mustRun(AZ, ['batch', 'task', 'file', 'download', '--job-id', 'az', '--task-id', 't5', '--file-path', 'stdout.txt', '--destination', target], { env });
    expect(await readFile(target, 'utf8')).toBe('task 5\n');
    await az('job', 'delete', '--job-id', 'az', '--yes');
    await az('pool', 'delete', '--pool-id', 'az', '--yes');
    await until('the pool is gone', 60_000, async () => {
      const { code, stderr } = await run(AZ, ['batch', 'pool', 'show', '--pool-id', 'az'], { env });
      return code !== 0 && stderr.includes('The specified pool does not exist') ? true : undefined;
    });
  }, 240_000);
});
