import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NO_CGROUP, openCgroup, removeCgroup } from '../../src/agent/cgroups.ts';
import { ATTEMPT_MARK, NODE_MARK } from '../../src/agent/environment.ts';
import { createSweeper, killEnclosure, machineSweeper } from '../../src/agent/killing.ts';
import { createLauncher, type Launcher } from '../../src/agent/launcher.ts';
import { enclosureOf } from '../../src/agent/nets.ts';
import { processBounds } from '../../src/agent/processBounds.ts';
import { createProcessSearch, machineProcesses } from '../../src/agent/processes.ts';
import { type SlotShell, startSlotShell } from '../../src/agent/slotShell.ts';
import type { User } from '../../src/agent/users.ts';

const bounds = processBounds();
function childrenOf(group: string | null): readonly string[] {
  return group === null ? [] : readdirSync(group, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
const isRoot = process.geteuid?.() === 0;
const CALLER: User = { uid: null, gid: null, filesGid: null, name: 'caller', isShared: false };
const TASK_USER: User = { uid: 1_900_000_000, gid: 1_900_000_000, filesGid: 1_900_000_000, name: 'task', isShared: false };

const nodeCgroup = openCgroup(`linarite-slots-${process.pid}`, bounds.allNodes, {});
if (nodeCgroup.net === null) console.log('skipped: control groups of slot shells, of which none can be made here');

describe('a slot shell', () => {
  let directory: string;
  let shell: SlotShell | null = null;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-slot-'));
    shell = null;
  });
  afterEach(async () => {
    shell?.close();
    await shell?.gone;
    rmSync(directory, { recursive: true, force: true });
  });
  const start = (user: User): SlotShell => {
    shell = startSlotShell({ user, scriptPath: join(directory, 'slot'), environment: new Map(), cgroup: { node: NO_CGROUP, name: 'slot' }, bounds, network: null, root: null });
    return shell;
  };

  test('says the exit status of one script after the other', async () => {
    const { run } = start(CALLER);
    expect(await run('(exit 0)\n')).toBe(0);
    expect(await run('(exit 255)\n')).toBe(255);
  });

  test('that cannot be put into its control group is no shell, and its end is nobody’s fault', async () => {
    const begin = (): SlotShell => startSlotShell({ user: CALLER, scriptPath: join(directory, 'slot'), environment: new Map(), cgroup: { node: { ...NO_CGROUP, net: import.meta.filename }, name: 'slot' }, bounds, network: null, root: null });
    const open = readdirSync('/proc/self/fd').length;
    expect(begin).toThrow(/ENOTDIR/);
    // It is killed: what follows runs in this process after its end.
    const next = start(CALLER);
    expect(await next.run('(exit 3)\n')).toBe(3);
    next.close();
    await next.gone;
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(open);
  });

  test.each([['echo 99999999999'], ['echo'], ['echo -1'], ['echo 256']])('that says something else (`%s`) is killed, and with it the attempt', async (said) => {
    const used = start(CALLER);
    await expect(used.run(`${said}\n`)).rejects.toMatchObject({ name: 'Error', signal: 'SIGKILL' });
    expect(used.isGone).toBe(true);
  });

  test('that speaks without being asked is killed', async () => {
    const used = start(CALLER);
    const asked = join(directory, 'asked');
    expect(await used.run(`(until test -e '${asked}'; do sleep 0.02; done; echo 0) & (exit 3)\n`)).toBe(3);
    writeFileSync(asked, '');
    await used.gone;
  });

  test.runIf(nodeCgroup.net !== null)('sees in its control group what a task left there, as long as it is there', async () => {
    const used = startSlotShell({ user: CALLER, scriptPath: join(directory, 'slot'), environment: new Map(), cgroup: { node: nodeCgroup, name: 'others' }, bounds, network: null, root: null });
    shell = used;
    await used.run('(exit 0)\n');
    expect(used.hasOthers()).toBe(false);
    await used.run(`sleep 600 & echo $! > ${directory}/left\n`);
    expect(used.hasOthers()).toBe(true);
    process.kill(Number(readFileSync(join(directory, 'left'), 'utf8')), 'SIGKILL');
    await used.run('wait\n');
    expect(used.hasOthers()).toBe(false);
    used.close();
    await used.gone;
    removeCgroup(used.cgroup);
    expect(used.hasOthers()).toBe(false);
    expect(childrenOf(nodeCgroup.net)).toEqual([]);
  });

  test('yields to its agent where both want the processor', async () => {
    const { pid } = start(CALLER);
    expect(getPriority(pid)).toBe(Math.min(19, getPriority() + 5));
    const autogroup = `/proc/${pid}/autogroup`;
    if (existsSync(autogroup)) expect(readFileSync(autogroup, 'utf8')).toContain(`nice ${Math.min(19, getPriority() + 5)}`);
  });

  test.runIf(isRoot)('has a script that its user can read and not write, in a directory that nobody else enters', async () => {
    const { run } = start(TASK_USER);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(await run('( : >> "$1" ) 2>/dev/null\n')).toBe(2);
    expect(await run('( chmod 777 "$1" ) 2>/dev/null\n')).toBe(1);
  });
});

describe('the shells of a node', () => {
  let directory: string;
  let launcher: Launcher;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-slots-'));
    launcher = createLauncher({ rootDirectory: directory, scriptDirectory: directory, nodeCgroup, bounds, network: null, environment: new Map([['PATH', '/usr/bin:/bin']]), idleShells: 1 });
  });
  afterEach(async () => {
    await launcher.killAll();
    await killEnclosure(enclosureOf(nodeCgroup, [], []));
    rmSync(directory, { recursive: true, force: true });
  });
  const sh = (script: string): Promise<unknown> =>
    launcher.launch(
      'a',
      { program: '/bin/sh', args: ['-c', script], environment: new Map(), workingDirectory: directory, stdout: join(directory, 'out'), stderr: join(directory, 'err') },
      CALLER,
      'kill',
    ).exit;

  test.runIf(nodeCgroup.net !== null)('leave no control groups behind when they are let go', async () => {
    await Promise.all([1, 2, 3].map((code) => sh(`exit ${code}`)));
    await expect.poll(() => childrenOf(nodeCgroup.net).length, { timeout: 30_000 }).toBe(1);
    expect(childrenOf(nodeCgroup.counter)).toEqual(nodeCgroup.counter === null ? [] : childrenOf(nodeCgroup.net));
  });

  test('that die idle are not given to the next task', async () => {
    await sh('echo $PPID');
    const pid = Number(readFileSync(join(directory, 'out'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 30_000 }).toBe(false);
    expect(await sh('exit 6')).toEqual({ kind: 'exited', exitCode: 6, lackedMemory: false });
  });

  test('are ended with one look at the machine’s processes for all that end at a time', async () => {
    let looks = 0;
    const pids = (): readonly number[] => {
      looks++;
      return machineProcesses.pids();
    };
    const sweeper = createSweeper(createProcessSearch({ ...machineProcesses, pids }));
    const several = createLauncher({
      rootDirectory: directory,
      scriptDirectory: directory,
      nodeCgroup: NO_CGROUP,
      bounds,
      network: null,
      environment: new Map([['PATH', '/usr/bin:/bin'], [NODE_MARK, directory]]),
      idleShells: 0,
      sweeper,
    });
    const count = 24;
    const tasks = Array.from({ length: count }, (_, index) =>
      several.launch(
        `a${index}`,
        {
          program: '/bin/sh',
          args: ['-c', `sleep 600 & setsid sleep 600 & : > ${directory}/begun-${index}; wait`],
          environment: new Map([[ATTEMPT_MARK, `a${index}`]]),
          workingDirectory: directory,
          stdout: join(directory, `out-${index}`),
          stderr: join(directory, `err-${index}`),
        },
        CALLER,
        'kill',
      ),
    );
    await expect.poll(() => readdirSync(directory).filter((name) => name.startsWith('begun-')).length, { timeout: 30_000 }).toBe(count);
    for (const task of tasks) task.end(0);
    expect(await Promise.all(tasks.map(({ exit }) => exit))).toEqual(tasks.map(() => ({ kind: 'exited', exitCode: 137, lackedMemory: false })));
    expect(machineSweeper.valuesOf(`${NODE_MARK}=${directory}`, ATTEMPT_MARK).size).toBe(0);
    // One to kill, one to see that nothing is left; more only where a process takes long to die. By itself each task
    // would have its own two.
    expect(looks).toBeLessThan(2 * count);
  });
});
