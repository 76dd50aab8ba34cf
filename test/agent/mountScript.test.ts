import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { UNSHARE } from '../../src/agent/place/isolation.ts';
import { machineMounter, type Mounter, scriptOf } from '../../src/agent/place/mountScript.ts';
import type { Steps } from '../../src/agent/place/mountSteps.ts';
import { prepareSystem, prepareViews, type ViewsOptions } from '../../src/agent/place/views.ts';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';

const outer = mkdtempSync(join(tmpdir(), 'linarite-mounts-'));
const possible = (await probeIsolation({ dataRoot: join(outer, 'nodes'), programs: [] })).isolation === 'overlays';
const isRunnable = possible && machineMounter() === 'perl';
if (!isRunnable) console.log('skipped: mounts of a node made in two ways, which need root, overlays and perl');
afterAll(() => rmSync(outer, { recursive: true }));

/** In mounts of its own, which die with it. */
function run(steps: Steps, mounter: Mounter): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const script = scriptOf(steps, mounter);
  return spawnSync(UNSHARE[0], [...UNSHARE.slice(1), '/bin/sh', '-c', script], { encoding: 'utf8', env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' } });
}

/** All that a node ever mounts. */
function allOf(options: ViewsOptions): Steps {
  return [...prepareViews(options).steps, ...(options.isolation === 'overlays' ? prepareSystem(options).flat() : [])];
}

/**
 * Without what differs each time: numbers (proc(5), /proc/pid/mountinfo), what an overlay notes in a fresh upper layer
 * alone, and what other tests mount meanwhile, below other directories than `own`.
 */
function described(table: string, own: string): readonly string[] {
  const lines = table.trim().split('\n').filter((line) => !line.includes('linarite-') || line.includes(own));
  return lines.map((line) => line.replace(/^\d+ \d+ \S+ /, '').replace(/(?: \w+:\d+)* - /, ' - ').replace(/,uuid=on$/, ''));
}

describe.runIf(isRunnable).each(['perl', 'mount'] as const)('mounts of a node made by %s', (mounter) => {
  test('end at the first that fails, which is named with the reason; what may be missing is passed over', () => {
    const shared: Steps = [{ kind: 'mount', source: 'tmpfs', point: '/mnt', type: 'tmpfs', flags: ['nosuid'], data: 'mode=700', isNeeded: true }];
    const missing = (isNeeded: boolean): Steps => [{ kind: 'mount', source: `${outer}/nothing`, point: '/mnt', type: 'none', flags: ['bind'], data: '', isNeeded }];
    const look: Steps = [{ kind: 'shell', words: 'stat -c %a /mnt' }];
    expect(run([...shared, ...missing(false), { kind: 'said' }, ...look], mounter)).toMatchObject({ status: 0, stdout: '\n700\n', stderr: '' });
    const failed = run([...shared, { kind: 'said' }, ...missing(true), { kind: 'said' }, ...look], mounter);
    expect(failed).toMatchObject({ stdout: '\n', stderr: expect.stringMatching(/^mount: \/mnt: .*(does not exist|No such file or directory)/) });
    expect(failed.status).not.toBe(0);
  });
});

test.runIf(isRunnable).each([
  ['overlays', '/var/tmp'],
  ['overlays', '/root'],
  ['binds', tmpdir()],
] as const)('a node with %s below %s has the same mounts, whoever makes them', (isolation, above) => {
  const directory = join(mkdtempSync(join(above, 'linarite-mounts-')), "it's, 100%41: ä");
  try {
    const [root, state] = [join(directory, 'root'), join(directory, 'state')];
    for (const path of [root, state]) mkdirSync(path, { recursive: true });
    const made = (mounter: Mounter): readonly string[] => {
      const steps = allOf({ root, place: join(state, 'place'), needed: [root, state], isolation });
      const { status, stdout, stderr } = run([...steps, { kind: 'shell', words: 'cat /proc/self/mountinfo' }], mounter);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return described(stdout, basename(dirname(directory)));
    };
    const byPerl = made('perl');
    expect(byPerl).toEqual(expect.arrayContaining([expect.stringMatching(/ \/mnt\/batch\/tasks /), expect.stringMatching(/ \/mnt\/batch\/etc ro,/), expect.stringMatching(/ \/dev\/shm rw,nosuid,nodev/)]));
    expect(byPerl).toEqual(made('mount'));
  } finally {
    rmSync(join(directory, '..'), { recursive: true });
  }
});
