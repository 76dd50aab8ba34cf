import { join } from 'node:path';
import { expect, test } from 'vitest';
import { linarite, mustRun, until } from '../../support/linarite.ts';
import { dataDirectories, status } from './services.ts';

/** A checkout or a package of an earlier release, built: `dist/cli/main.js` lies in it (docs/releases.md). */
const EARLIER = process.env['LINARITE_EARLIER'];

const directories = dataDirectories();

const POOL = ['--vm-size', 'standard_a1_v2', '--target-dedicated-nodes', '1', '--image', 'canonical:0001-com-ubuntu-server-jammy:22_04-lts', '--node-agent-sku-id', 'batch.node.ubuntu 22.04'];

test.skipIf(EARLIER === undefined)('a task that runs in an earlier release goes on in this one, and what was there is there (needs LINARITE_EARLIER)', { timeout: 240_000 }, async () => {
  const dataDir = directories.ofTest('upgrade');
  const at = ['--data-dir', dataDir];
  const said = async (...args: string[]): Promise<string> => (await linarite([...args, ...at])).stdout;
  const taskAcross = async (): Promise<{ readonly executionInfo?: { readonly startTime?: string } }> => JSON.parse(await said('task', 'show', 'j', 'across', '-o', 'json'));
  await mustRun('node', [join(EARLIER ?? '', 'dist/cli/main.js'), 'up', '--detach', '--port', '0', ...at], { timeoutMs: 120_000 });
  const environment = await said('env', '--format', 'json');
  await said('pool', 'create', '--id', 'p', ...POOL, '--wait', '--timeout', '2min');
  await said('job', 'create', '--id', 'j', '--pool-id', 'p');
  await said('task', 'create', 'j', '--id', 'before', '--command-line', '/bin/echo before', '--wait');
  // Until the file is there: it outlasts the restart, however long that takes.
  const release = join(directories.parent, 'go-on');
  await said('task', 'create', 'j', '--id', 'across', '--command-line', `/bin/sh -c 'until [ -e ${release} ]; do sleep 0.2; done; echo across'`);
  const begun = await until('the task runs', 60_000, async () => (await taskAcross()).executionInfo?.startTime, 200);
  const nodes = await said('node', 'list', 'p', '-o', 'id');

  await said('restart');
  expect((await status(dataDir)).state).toBe('ready');
  const keys = (text: string): unknown => (({ AZURE_BATCH_ACCESS_KEY, AZURE_STORAGE_KEY }: Record<string, string>) => [AZURE_BATCH_ACCESS_KEY, AZURE_STORAGE_KEY])(JSON.parse(text));
  expect(keys(await said('env', '--format', 'json'))).toEqual(keys(environment));
  expect(await said('node', 'list', 'p', '-o', 'id')).toBe(nodes);
  await mustRun('touch', [release]);
  await said('task', 'wait', 'j', '--timeout', '2min');
  expect(await said('task', 'logs', 'j', 'before')).toContain('before');
  expect(await said('task', 'logs', 'j', 'across')).toContain('across');
  expect((await taskAcross()).executionInfo).toMatchObject({ startTime: begun, retryCount: 0, requeueCount: 0, exitCode: 0 });
  await said('down', '--purge');
});
