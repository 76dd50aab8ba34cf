import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ask } from '../../src/cli/ownOperations.ts';
import { findSshd } from '../../src/agent/login/sshd.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { contentOf, pathsBelow } from '../support/files.ts';
import { LAUNCHER, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const PASSWORD = 'correct-horse-battery';
const outer = mkdtempSync(join(tmpdir(), 'linarite-users-'));
const temporary = join(outer, 'tmp');
mkdirSync(temporary);
afterAll(() => rmSync(outer, { recursive: true }));
const { isolation } = await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [process.execPath] });
const isPossible = isolation === 'overlays' && findSshd() !== null && existsSync('/usr/bin/ssh');
if (!isPossible) console.log('skipped: SSH to nodes, which needs root, overlays and Debian’s openssh-server and openssh-client');

describe.runIf(isPossible)('a user of a node, with @azure/batch and ssh', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  let node: string;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({ id: 'pool', vmSize: 'standard_a1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 });
    node = await idle();
  });
  afterAll(() => instance.purge());

  const idle = () =>
    until('the node is idle', 60_000, async () => {
      const [first] = await client.computeNode.list('pool');
      return first?.state === 'idle' ? first.id : undefined;
    });
  const said = async (name: string, command: string): Promise<string> => {
    const { remoteLoginIPAddress, remoteLoginPort } = await client.computeNode.getRemoteLoginSettings('pool', node);
    const askPass = join(outer, 'askpass');
    writeFileSync(askPass, `#!/bin/sh\necho '${PASSWORD}'\n`, { mode: 0o700 });
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'NumberOfPasswordPrompts=1', 'PreferredAuthentications=password', 'LogLevel=ERROR', 'ConnectTimeout=20'];
    return new Promise((resolve) => {
      execFile(
        'ssh',
        ['-F', '/dev/null', ...options.flatMap((option) => ['-o', option]), '-p', String(remoteLoginPort), `${name}@${remoteLoginIPAddress}`, command],
        { env: { PATH: process.env['PATH'], SSH_ASKPASS: askPass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: ':0' }, timeout: 60_000 },
        (error, stdout, stderr) => resolve(error === null ? stdout.trim() : stderr.trim()),
      );
    });
  };
  const ssh = (...words: readonly string[]) => run(LAUNCHER, ['node', 'ssh', '--data-dir', instance.dataDir, ...words], { env: { TMPDIR: temporary } });
  const codeOf = (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'none', (error: { readonly code?: string }) => error.code);

  test('logs in where the settings say, until it is deleted; a second one of its name is refused', async () => {
    await client.computeNode.addUser('pool', node, { name: 'alice', password: PASSWORD });
    expect(await said('alice', 'id -un')).toBe('alice');
    expect(await codeOf(client.computeNode.addUser('pool', node, { name: 'alice', password: PASSWORD }))).toBe('NodeUserExists');
    await client.computeNode.updateUser('pool', node, 'alice', {});
    expect(await said('alice', 'id -un')).toContain('Permission denied');
    await client.computeNode.deleteUser('pool', node, 'alice');
    expect(await codeOf(client.computeNode.deleteUser('pool', node, 'alice'))).toBe('NodeUserNotFound');
  });

  test('is made for the occasion by linarite node ssh, which passes on input, output and exit code, and leaves nobody', async () => {
    const { stdout, code } = await ssh('pool', node, '--', 'id -un; exit 7');
    expect([code, stdout]).toEqual([7, expect.stringMatching(/^ssh-[0-9a-f]{12}\n$/)]);
    expect((await ssh('--admin', 'pool', node, '--', 'id', '-u; cut -d: -f1 /etc/passwd')).stdout).toMatch(/^0\n(?:(?!ssh-)[\s\S])*ssh-[0-9a-f]{12}\n$/);
    const wrong = await ssh('pool', 'other', '--', 'id');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('NodeNotFound')]);
    expect(readdirSync(temporary).filter((name) => name.startsWith('linarite-ssh-'))).toEqual([]);
  });

  test('is made by linarite node exec too, for an account that flags name', async () => {
    const env = await instance.env();
    const keyFile = join(outer, 'key');
    writeFileSync(keyFile, env.AZURE_BATCH_ACCESS_KEY, { mode: 0o600 });
    const target = ['--endpoint', env.AZURE_BATCH_ENDPOINT, '--account', env.AZURE_BATCH_ACCOUNT, '--key-file', keyFile];
    const { stdout, code } = await run(LAUNCHER, ['node', 'exec', ...target, 'pool', node, '--', 'cat; exit 5'], { input: 'passed on\n', env: { TMPDIR: temporary, LINARITE_DATA_DIR: join(outer, 'nowhere') } });
    expect([code, stdout]).toEqual([5, 'passed on\n']);
    expect((await run(LAUNCHER, ['node', 'exec', ...target, 'pool', node], { env: { TMPDIR: temporary } })).code).toBe(2);
  });

  test('is there after a reboot, and not after a reimage', async () => {
    await client.computeNode.addUser('pool', node, { name: 'bob', password: PASSWORD });
    await client.computeNode.reboot('pool', node);
    await idle();
    expect(await said('bob', 'id -un')).toBe('bob');
    expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).not.toContain(PASSWORD);
    const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = await instance.env();
    // The SDK is of a version in which only nodes of cloud services are reimaged.
    await ask({ endpoint, credentials: { kind: 'key', account, key } }, { method: 'POST', path: `/pools/pool/nodes/${node}/reimage?api-version=2024-07-01.20.0` });
    await idle();
    expect(await codeOf(client.computeNode.deleteUser('pool', node, 'bob'))).toBe('NodeUserNotFound');
  });

  test('leaves its password in no file of the service, and in no log', () => {
    const paths = pathsBelow(instance.dataDir);
    expect(paths.length).toBeGreaterThan(100);
    expect(paths.filter((path) => contentOf(path).includes(PASSWORD))).toEqual([]);
  });
});
