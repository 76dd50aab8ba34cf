import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LAUNCHER, run, startLinarite, type Finished, type Instance } from '../../support/linarite.ts';

let instance: Instance;
let directory: string;

beforeAll(async () => {
  instance = await startLinarite();
}, 120_000);
afterAll(() => instance.purge());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'linarite-run-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** `linarite run` in the test's directory against the test's service. */
function linariteRun(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  return run(LAUNCHER, ['run', ...args], { cwd: directory, timeoutMs: 60_000, env: { LINARITE_DATA_DIR: instance.dataDir, ...env } });
}

describe('a sweep', () => {
  test('runs every combination, tried again as --retry says', async () => {
    const finished = await linariteRun(['--sweep', 'rate=0.5..1..0.5', '--sweep', 'mode=a,b', '--retry', '1', '--shell', '--', 'mkdir $AZ_BATCH_NODE_SHARED_DIR/{index} 2>/dev/null && exit 1; echo {rate} {mode} {task}']);
    expect(finished).toMatchObject({ code: 0, stdout: '0.5 a 1-rate-0-5-mode-a\n0.5 b 2-rate-0-5-mode-b\n1 a 3-rate-1-mode-a\n1 b 4-rate-1-mode-b\n' });
  });

  test('is printed by a dry run as it would be sent, which contacts nothing', async () => {
    await writeFile(join(directory, 'model.py'), 'print()');
    const flags = ['--sweep', 'n=1..3', '--resource-file', 'model.py', '--output', '*.json', '--job', 'dry', '--image', 'debian:debian-12:12', '--task-id', 'n-{n}'];
    const finished = await linariteRun([...flags, '--dry-run', '--', 'python3', 'model.py', '{n}'], { AZURE_BATCH_ENDPOINT: 'http://127.0.0.1:1', AZURE_BATCH_ACCOUNT: 'a', AZURE_BATCH_ACCESS_KEY: 'a2V5' });
    expect(finished).toMatchObject({ code: 0, stderr: '' });
    const planned = JSON.parse(finished.stdout) as { pool: unknown; job: unknown; tasks: { id: string }[] };
    expect(planned).toMatchObject({ pool: { virtualMachineConfiguration: { imageReference: { offer: 'debian-12' } } }, job: { id: 'dry' } });
    expect(planned.tasks.map(({ id }) => id)).toEqual(['n-1', 'n-2', 'n-3']);
    expect(planned.tasks[1]).toMatchObject({ commandLine: 'python3 model.py 2', resourceFiles: [{ filePath: 'model.py', httpUrl: '<URL of model.py>' }] });
  });
});
