import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, type LinariteEnv, mustRun, processesNaming, run, until } from '../support/linarite.ts';
import { LINUX, smallClient } from '../support/smallClient.ts';

const FOLDER = resolve(import.meta.dirname, '../../deploy/systemd');
const UNIT = readFileSync(join(FOLDER, 'linarite.service'), 'utf8');
const canVerify = (await run('systemd-analyze', ['--version']).catch(() => ({ code: 1 }))).code === 0;
const isRoot = process.geteuid?.() === 0;

const parents: string[] = [];
afterEach(async () => {
  for (const parent of parents.splice(0)) {
    await linarite(['down', '--purge', '--data-dir', join(parent, 'data')]);
    await rm(parent, { recursive: true, force: true });
  }
});

function place(): string {
  const parent = mkdtempSync(join(tmpdir(), 'linarite-systemd-'));
  chmodSync(parent, 0o711);
  parents.push(parent);
  return parent;
}

/** What stands behind the last `name=` of the unit. */
function settingOf(name: string): string {
  const found = [...UNIT.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].at(-1)?.[1];
  if (found === undefined) throw new Error(`the unit has no ${name}`);
  return found;
}

/** The words of ExecStart, as systemd makes them. */
function startWords(options: string): readonly string[] {
  return settingOf('ExecStart').split(' ').slice(1).flatMap((word) => (word === '$LINARITE_OPTIONS' ? options.split(' ') : [word]));
}

/** The unit's service, with the capabilities that the unit leaves it. */
async function startUnit(dataDir: string): Promise<ChildProcess> {
  const dropped = settingOf('CapabilityBoundingSet').slice(1).split(' ').map((name) => `-${name.toLowerCase().replace('cap_', '')}`);
  const words = [LAUNCHER, ...startWords('--port 0')];
  const [program = '', ...args] = isRoot && process.platform === 'linux' ? ['setpriv', '--bounding-set', dropped.join(','), ...words] : words;
  const child = spawn(program, args, { env: { ...process.env, LINARITE_DATA_DIR: dataDir }, stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface(child.stdout ?? process.stdin)) if (line.includes('Ctrl-C ends it')) return child;
  throw new Error('the service of the unit does not start');
}

/** Runs ExecStop, beside a systemd that has this job for the unit. */
async function stopUnit(parent: string, child: ChildProcess, job: string): Promise<void> {
  const programs = join(parent, 'programs');
  mkdirSync(programs, { recursive: true });
  writeFileSync(join(programs, 'systemctl'), `#!/bin/sh\n[ "$*" = 'list-jobs --no-legend linarite.service' ] || exit 1\necho '${job}'\n`, { mode: 0o755 });
  const [, script = ''] = /^\/bin\/sh -c '(.*)'$/.exec(settingOf('ExecStop')) ?? [];
  const ended = once(child, 'exit');
  await mustRun('/bin/sh', ['-c', script.replaceAll('%n', 'linarite.service')], { env: { PATH: `${programs}:${process.env['PATH']}`, MAINPID: String(child.pid) } });
  expect(await ended).toEqual([0, null]);
}

describe.skipIf(!canVerify)('the unit for systemd (needs systemd-analyze)', () => {
  test.each(['alone', 'with the drop-in for a service without rights'])('has no mistake that systemd knows, %s', async (which) => {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-unit-'));
    try {
      // The program need not be installed here, nor the user be there.
      writeFileSync(join(directory, 'linarite.service'), UNIT.replaceAll('/usr/local/bin/linarite', '/bin/true'));
      if (which !== 'alone') {
        mkdirSync(join(directory, 'linarite.service.d'));
        writeFileSync(join(directory, 'linarite.service.d', 'unprivileged.conf'), readFileSync(join(FOLDER, 'unprivileged.conf')));
      }
      const { code, stderr } = await run('systemd-analyze', ['verify', join(directory, 'linarite.service')]);
      const complaints = stderr.split('\n').filter((line) => line.includes(directory) && !line.includes("Unknown key name 'DelegateSubgroup'") && !line.includes("Unknown key 'DelegateSubgroup'"));
      expect([code, complaints]).toEqual([0, []]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

describe.skipIf(process.platform !== 'linux')('what the unit does', () => {
  test('a restart leaves the task that runs, which the next service finds; a stop ends it', async () => {
    const parent = place();
    const dataDir = join(parent, 'data');
    // Known by its words: in a node that has processes of its own it has another number.
    const mark = `sleep ${process.pid}.25`;
    const lives = (): boolean => processesNaming(mark).length > 0;
    const first = await startUnit(dataDir);
    const env = JSON.parse((await linarite(['env', '--data-dir', dataDir, '--format', 'json'])).stdout) as LinariteEnv;
    const client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    await client.call('POST', '/pools', { id: 'pool', ...LINUX, targetDedicatedNodes: 1 });
    await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'pool' } });
    await client.call('POST', '/jobs/job/tasks', { id: 'long', commandLine: `/bin/${mark}` });
    client.close();
    await until('the task runs', 60_000, async () => (lives() ? true : undefined), 200);
    await stopUnit(parent, first, '1234 linarite.service restart running');
    expect(lives(), 'beside no service').toBe(true);
    const second = await startUnit(dataDir);
    expect(lives(), 'beside the next one').toBe(true);
    await stopUnit(parent, second, '1235 linarite.service stop running');
    expect(lives(), 'after the stop').toBe(false);
  }, 180_000);

  test('its environment file is one that systemd reads, and its options are those of up', async () => {
    const lines = readFileSync(join(FOLDER, 'environment'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('# '));
    for (const line of lines) expect(line).toMatch(/^#?LINARITE_[A-Z_]+=\S/);
    const [, options = ''] = /^LINARITE_OPTIONS=(.*)$/m.exec(lines.join('\n')) ?? [];
    const { stdout } = await linarite(['up', '--help']);
    for (const word of startWords(options).filter((one) => one.startsWith('--'))) expect(stdout).toContain(word);
  });
});
