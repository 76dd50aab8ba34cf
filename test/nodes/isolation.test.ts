import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commandIn, probeIsolation } from '../../src/nodes/local/isolation.ts';
import { createLocalProvider } from '../../src/nodes/local/provider.ts';
import { machineMounts } from '../support/mounts.ts';
import { nodeRequest } from '../support/providers.ts';

const programs = [process.execPath];
const outer = mkdtempSync(join(tmpdir(), 'linarite-isolation-'));
const dataRoot = join(outer, 'nodes');
const possible = (await probeIsolation({ dataRoot, programs })).isolation;
if (possible !== 'overlays') console.log('skipped: how far nodes can be isolated, which needs root and overlays');
afterAll(() => rmSync(outer, { recursive: true }));

test('what is asked for at most is what is had, without a word in a command for none', async () => {
  expect((await probeIsolation({ dataRoot, programs, most: 'none' })).isolation).toBe('none');
  expect(commandIn('none', ['/bin/x', 'y'])).toEqual(['/bin/x', 'y']);
  expect(commandIn('binds', ['/bin/x', 'y']).slice(-3)).toEqual(['--', '/bin/x', 'y']);
});

describe.runIf(possible === 'overlays')('how far nodes can be isolated is tried', () => {
  test('and leaves nothing on the machine', async () => {
    const before = machineMounts(outer);
    expect(await probeIsolation({ dataRoot, programs, most: 'binds' })).toMatchObject({ isolation: 'binds', limits: [expect.stringMatching(/\/usr.*\.$/)] });
    expect(readdirSync(dataRoot)).toEqual([]);
    expect(machineMounts(outer)).toEqual(before);
  });

  test.each(["it's, a:path", 'plain'])('with a data directory below /opt, /root or /var (%s)', async (name) => {
    for (const above of ['/opt', '/root', '/var/lib', '/mnt', '/home', '/dev/shm'].filter((path) => existsSync(path))) {
      const own = mkdtempSync(join(above, 'linarite-isolation-'));
      try {
        expect(await probeIsolation({ dataRoot: join(own, name), programs }), above).toEqual({ isolation: 'overlays', limits: [] });
      } finally {
        rmSync(own, { recursive: true });
      }
    }
  });

  describe('on a file system that no overlay can write to', () => {
    const merged = join(outer, 'merged');
    beforeAll(() => {
      for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(outer, name));
      execFileSync('mount', ['-t', 'overlay', '-o', `lowerdir=${outer}/lower,upperdir=${outer}/upper,workdir=${outer}/work`, 'overlay', merged]);
    });
    afterAll(() => void execFileSync('umount', [merged]));
    test('nodes have binds, and the reason is told', async () => {
      const probed = await probeIsolation({ dataRoot: join(merged, 'nodes'), programs });
      expect(probed).toEqual({ isolation: 'binds', limits: [expect.stringMatching(/stays on this machine: mount: .*\.$/)] });
    });
  });

  test('without the right to mount they share the machine’s, and the reason is told', () => {
    const script = join(outer, 'probe.mts');
    writeFileSync(script, `import { probeIsolation } from '${import.meta.resolve('../../src/nodes/local/isolation.ts')}';\nconsole.log(JSON.stringify(await probeIsolation({ dataRoot: '${dataRoot}', programs: [] })));\n`);
    const words = ['--bounding-set', '-sys_admin', '--inh-caps', '-sys_admin', process.execPath, '--import', import.meta.resolve('tsx'), script];
    const probed: unknown = JSON.parse(execFileSync('setpriv', words, { encoding: 'utf8' }));
    expect(probed).toEqual({ isolation: 'none', limits: [expect.stringMatching(/share.*not permitted.*\.$/i)] });
  });
});

describe.runIf(possible === 'overlays')('what of a released node has a mount in use', () => {
  test('stays, and is told by its name; the next service removes it once it is free', async () => {
    const nodes = join(outer, 'busy');
    const said: string[] = [];
    const provider = createLocalProvider({ dataRoot: nodes, agentCommand: ['/bin/sleep', '100'], isolation: 'none', say: (message) => said.push(message) });
    const seen = new Promise<void>((resolve) => {
      provider.watch(({ observed }) => observed.kind === 'running' && resolve());
    });
    await provider.acquire(nodeRequest());
    await seen;
    const data = join(nodes, '1/root/shared/data');
    mkdirSync(data, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', data]);
    writeFileSync(join(data, 'results'), 'precious');
    const user = spawn('sleep', ['1000'], { cwd: data });
    await once(user, 'spawn');
    await provider.release(1, 1, 100);
    await provider.close();
    const [trash = ''] = readdirSync(nodes);
    expect(said).toEqual([expect.stringContaining(`${join(nodes, trash)}/root/shared/data: mounted there`)]);
    expect(readFileSync(join(nodes, trash, 'root/shared/data/results'), 'utf8')).toBe('precious');
    user.kill('SIGKILL');
    await once(user, 'exit');
    await createLocalProvider({ dataRoot: nodes, agentCommand: ['/bin/true'], isolation: 'none' }).close();
    expect(readdirSync(nodes)).toEqual([]);
  });
});
