import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, mustRun, run, startLinarite, type Instance } from '../support/linarite.ts';
import { selfSigned } from '../support/selfSigned.ts';

const isAsked = process.env['LINARITE_CHECK_ALL'] !== undefined;
const PACKAGES = ['azure-identity', 'azure-batch>=15', 'azure-mgmt-batch>=18', 'azure-storage-blob'];
const INSTALL_MS = 300_000;

describe.skipIf(!isAsked)('the newest azure-identity, azure-batch and azure-mgmt-batch of Python (needs --all, and the registry of Python packages)', () => {
  let home: string;
  let python: string | undefined;
  let instance: Instance;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'linarite-newest-'));
    const environment = join(home, 'venv');
    const made = await run('python3', ['-m', 'venv', environment], { timeoutMs: INSTALL_MS }).catch(() => ({ code: 1 }));
    const installed = made.code === 0 ? await run(join(environment, 'bin/pip'), ['install', '--quiet', ...PACKAGES], { timeoutMs: INSTALL_MS }) : made;
    if (installed.code === 0) python = join(environment, 'bin/python');
    instance = await startLinarite();
  }, 2 * INSTALL_MS);
  afterAll(async () => {
    await instance.purge();
    await rm(home, { recursive: true, force: true });
  });

  test('run a job by tokens: by a certificate, by a secret, and by what the machine gives', async (context) => {
    if (python === undefined) return context.skip();
    const { key, certificate } = await selfSigned('rsa', Date.now() - 60_000);
    const pem = join(home, 'certificate.pem');
    await writeFile(pem, `${certificate.toString()}\n${key.export({ type: 'pkcs8', format: 'pem' })}`, { mode: 0o600 });
    const { stdout } = await mustRun(LAUNCHER, ['identity', 'create', 'certified', '--certificate', pem, '--role', 'Azure Batch Data Contributor', '--data-dir', instance.dataDir]);
    const [, certified = ''] = /^export AZURE_CLIENT_ID=(\S+)$/m.exec(stdout) ?? [];
    const { stdout: printed } = await linarite(['env', '--identity', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
    const env = { ...(JSON.parse(printed) as Readonly<Record<string, string>>), CERTIFIED_ID: certified };
    const told = await mustRun(python, [join(import.meta.dirname, 'newestPython.py'), pem], { env: { ...env, REQUESTS_CA_BUNDLE: Reflect.get(env, 'LINARITE_CA_FILE') }, timeoutMs: 200_000 });
    expect(told.stdout.trim().split('\n')).toEqual(["['linarite']", 'what it says', "['newest']"]);
  }, 300_000);
});
