import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, engineCall, forgetEngine, prepareEngine } from '../../src/agent/containers/engine.ts';
import { removeGroups } from '../../src/agent/containers/groups.ts';
import { createImages } from '../../src/agent/containers/images.ts';
import { createRoom, noticeOf, type Removed } from '../../src/agent/containers/room.ts';
import { removeBusyTree } from '../../src/agent/removal.ts';
import { realEngines, type Registry, startRegistry } from '../support/registry.ts';

/** Those with which each node has images of its own, each kind once. */
const engines = (await realEngines()).filter(({ name }) => name !== 'docker' && name !== 'crun alone');
const GIB = 2 ** 30;
const { signal } = new AbortController();
const GROUP = `/linarite-room-${process.pid}`;

describe.each(engines)('room for images with $name', ({ engine }) => {
  if (engine === undefined) return test.skip('it does not work here', () => {});
  let registry: Registry;
  beforeAll(async () => {
    registry = await startRegistry();
    for (const name of ['first', 'asked', 'used', 'idle']) registry.add(name, '1', { files: { name } });
  });
  afterAll(() => registry.close());

  /** `freeBytes`: of 100 GiB, by how many images have been removed. */
  async function withRoom(used: Engine, freeBytes: (removed: number) => number, body: (parts: { readonly fetch: (name: string) => Promise<string>; readonly fetchImage: (image: string) => Promise<string>; readonly make: (urgent: boolean) => Promise<boolean>; readonly run: (...words: string[]) => string; readonly removed: Removed[] }) => Promise<void>): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-room-'));
    prepareEngine(used, directory);
    const call = engineCall(used, directory);
    const run = (...words: string[]): string => execFileSync(call.program, [...call.args, ...words], { env: call.environment, encoding: 'utf8' }).trim();
    const count = (): number => run('images', '--quiet').split('\n').filter((line) => line !== '').length;
    const removed: Removed[] = [];
    let most = 0;
    const look = () => {
      most = Math.max(most, count());
      return { sizeBytes: 100 * GIB, freeBytes: freeBytes(most - count()) };
    };
    const images = createImages({ engine: used, call, directory, makeRoom: () => Promise.resolve(false) });
    const room = createRoom({ engine: used, call, directory, images, prefetched: new Set([`${registry.host}/asked:1`]), onRemoved: (one) => removed.push(one), look, inUseMs: -1 });
    try {
      await body({ fetchImage: (image) => images.fetch(image, [], signal), fetch: (name) => images.fetch(`${registry.host}/${name}:1`, [], signal), make: room.make, run, removed });
    } finally {
      room.close();
      forgetEngine(directory);
      removeGroups(GROUP);
      removeBusyTree(directory);
    }
  }

  test('is made by removing the least recently used that no container uses, what the pool asks for last, until there is enough; it is said', () =>
    withRoom(engine, (removed) => (removed + 4) * GIB, async ({ fetch, make, run, removed }) => {
      for (const name of ['first', 'asked', 'used', 'idle']) await fetch(name);
      run('create', '--network=host', `${registry.host}/used:1`, 'true');
      await fetch('first');
      expect(await make(false)).toBe(true);
      // `used` is older, and a container needs it.
      expect(removed).toEqual([{ containers: 0, images: [`${registry.host}/idle:1`], freedBytes: GIB, freeBytes: 5 * GIB }]);
      expect(noticeOf(removed[0] as Removed)).toMatchObject({ code: 'ContainerDiskCleaned', values: [{ name: 'Images', value: `${registry.host}/idle:1` }, { name: 'Containers' }, { name: 'FreedBytes', value: String(GIB) }, { name: 'FreeBytes' }] });
      // What is needed again is pulled again.
      await fetch('idle');
      expect(run('images', '--format', '{{.Repository}}')).toContain('idle');
      expect(await make(true)).toBe(true);
      expect(removed[1]?.images).toEqual([`${registry.host}/first:1`, `${registry.host}/idle:1`, `${registry.host}/asked:1`]);
    }));

  test('is not made where a tenth of the disk or 5 GiB are free', () =>
    withRoom(engine, () => 6 * GIB, async ({ fetch, make, removed }) => {
      await fetch('first');
      expect(await make(false)).toBe(false);
      expect(removed).toEqual([]);
    }));

  test.runIf(engine.kind === 'podman')('is not taken by an image that another store of the machine has: it is there without a registry', async () => {
    const machine = mkdtempSync(join(tmpdir(), 'linarite-store-'));
    const podman = engine as Extract<Engine, { kind: 'podman' }>;
    prepareEngine(podman, machine);
    const call = engineCall(podman, machine);
    const image = await createImages({ engine: podman, call, directory: machine, makeRoom: () => Promise.resolve(false) }).fetch(`${registry.host}/first:1`, [], signal);
    execFileSync(call.program, [...call.args, 'tag', image, 'localhost/mine'], { env: call.environment });
    const pulls = registry.pulled.length;
    await withRoom({ ...podman, stores: [join(machine, 'store')] }, () => GIB, async ({ fetchImage, make, run }) => {
      expect(await fetchImage('mine')).toBe('mine');
      expect(run('create', '--pull=never', '--network=host', 'mine', 'true')).toMatch(/^[0-9a-f]{64}$/);
      // It is not the node's to remove.
      expect(await make(true)).toBe(false);
      expect(registry.pulled.length).toBe(pulls);
    });
    forgetEngine(machine);
    removeBusyTree(machine);
  });

  test('is made of dead containers, too', () =>
    withRoom(engine, () => GIB, async ({ fetch, make, run, removed }) => {
      await fetch('first');
      run('start', '--attach', run('create', '--network=host', '--log-driver=none', '--cgroups=no-conmon', `--cgroup-parent=${GROUP}`, `${registry.host}/first:1`, 'true'));
      expect(await make(false)).toBe(true);
      expect(removed[0]?.containers).toBe(1);
      expect(run('ps', '--all', '--quiet')).toBe('');
    }));
});
