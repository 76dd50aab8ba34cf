import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LinariteEnv, mustRun, run, until } from './support/linarite.ts';

const checkout = resolve(import.meta.dirname, '..');
const image = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

/** npm and what it starts see the user's settings, not those of the npm that may run this test. */
const env = Object.fromEntries(Object.keys(process.env).filter((name) => /^(npm_|INIT_CWD$|NODE_ENV$|VITEST)/i.test(name)).map((name) => [name, undefined]));

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

describe('the package', () => {
  let parent: string;
  let tarball: string;
  beforeAll(async () => {
    parent = mkdtempSync(join(tmpdir(), 'linarite-package-'));
    chmodSync(parent, 0o711);
    // Builds first (prepack).
    await mustRun('npm', ['pack', '--pack-destination', parent], { cwd: checkout, env, timeoutMs: 120_000 });
    tarball = join(parent, readdirSync(parent).find((name) => name.endsWith('.tgz')) ?? 'none');
  }, 180_000);
  afterAll(() => rmSync(parent, { recursive: true, force: true }));

  test('holds all that runs and is read, and nothing else', async () => {
    const { stdout } = await mustRun('tar', ['-tzf', tarball]);
    const packed = stdout.trim().split('\n').map((name) => name.replace(/^package\//, ''));
    const sources = filesBelow(join(checkout, 'src')).filter((name) => !name.endsWith('.md'));
    const built = sources.map((name) => `dist/${name.replace(/\.ts$/, '.js')}`);
    const docs = filesBelow(join(checkout, 'docs')).map((name) => `docs/${name}`);
    expect(packed.sort()).toEqual(['LICENSE', 'README.md', 'package.json', ...built, ...docs].sort());
  });

  test('installed elsewhere it runs a job, and down --purge leaves nothing of it', { timeout: 300_000 }, async () => {
    const directory = join(parent, 'elsewhere');
    mkdirSync(directory);
    await mustRun('npm', ['install', tarball, '--prefer-offline', '--no-audit', '--no-fund'], { cwd: directory, env, timeoutMs: 240_000 });
    const installed = readdirSync(directory);
    const linarite = (...args: string[]) => mustRun('npx', ['--no-install', 'linarite', ...args], { cwd: directory, env });
    try {
      await linarite('up', '--detach', '--port', '0');
      const found = JSON.parse((await linarite('env', '--format', 'json')).stdout) as LinariteEnv;
      const credentials = new BatchSharedKeyCredentials(found.AZURE_BATCH_ACCOUNT, found.AZURE_BATCH_ACCESS_KEY);
      const client = new BatchServiceClient(credentials, found.AZURE_BATCH_ENDPOINT);
      await client.pool.add({ id: 'p', vmSize: 'standard_a1_v2', virtualMachineConfiguration: image, targetDedicatedNodes: 1 });
      await client.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
      await client.task.add('j', { id: 't', commandLine: "/bin/sh -c 'echo from $AZ_BATCH_NODE_ROOT_DIR'" });
      const task = await until('the task completes', 60_000, async () => {
        const seen = await client.task.get('j', 't');
        return seen.state === 'completed' ? seen : undefined;
      });
      expect(task.executionInfo).toMatchObject({ exitCode: 0, result: 'success' });
      const stdout = await client.file.getFromTask('j', 't', 'stdout.txt');
      const chunks: Buffer[] = [];
      for await (const chunk of stdout.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
      expect(Buffer.concat(chunks).toString()).toContain(`from ${directory}/`);
    } finally {
      await linarite('down', '--purge');
    }
    expect(readdirSync(directory)).toEqual(installed);
    expect(existsSync(join(directory, '.linarite'))).toBe(false);
    const { stdout: processes } = await run('ps', ['-eo', 'args']);
    expect(processes.split('\n').filter((line) => line.includes(directory))).toEqual([]);
  });
});
