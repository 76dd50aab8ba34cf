import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { DataDirectory } from '../../../src/cli/service/data/dataDirectory.ts';
import { Rooms } from '../../../src/cli/service/data/rooms.ts';

const MB = 1024 * 1024;

function layout(place: string | null = null): DataDirectory {
  const at = (name: string): string => join('/data', name);
  const elsewhere = (name: string): string => join(place ?? '/data', name);
  return { root: '/data', place, memory: null, nodePlace: null, sharesNodes: false, clockFile: null, database: elsewhere('database'), nodes: elsewhere('nodes'), blobs: at('blobs'), certificates: at('certificates'), keys: at('keys'), logs: at('logs'), run: at('run') };
}

/**
 * A machine on which these directories are disks of their own, beside the one of all else. `freeMb`: by directory;
 * 1,000 where nothing is said.
 */
function machineWith(disks: readonly string[], directory = layout()) {
  const freeMb = new Map<string, number>();
  const reserves = new Set<string>();
  const diskOf = (path: string): string => disks.findLast((disk) => path.startsWith(disk)) ?? '/';
  let seen = 0;
  const rooms = new Rooms(directory, pino({ level: 'silent' }), {
    diskNumber: (path) => disks.indexOf(diskOf(path)),
    disk: (path, reserve) => ({
      free: () => ({ bytes: (freeMb.get(diskOf(path)) ?? 1_000) * MB, files: Infinity }),
      ...(reserve === undefined ? {} : { reserve: { make: () => void reserves.add(reserve), remove: () => void reserves.delete(reserve), isThere: () => reserves.has(reserve) } }),
    }),
  });
  rooms.whenSeen(() => void (seen += 1));
  const fill = (disk: string, mb = 0): void => {
    freeMb.set(disk, mb);
    rooms.look();
  };
  rooms.look();
  return { rooms, fill, reserves, seen: () => seen, mount: (path: string) => (disks = [...disks, path]) };
}

test('one disk for all is named by the data directory, and nothing can be taken without room on it', () => {
  const { rooms, fill, reserves } = machineWith([]);
  expect([...reserves]).toEqual(['/data/reserve']);
  fill('/', 3);
  expect([rooms.trouble(), rooms.warning(), reserves.size]).toEqual(['the disk of /data is full: 3 MB are free', null, 0]);
});

test.each([
  ['/data/database', 'the database', true],
  ['/data/database/data/pg_wal', 'the write-ahead log', true],
  ['/data/nodes', 'the nodes', false],
  ['/data/blobs', 'the blobs', false],
  ['/data/logs', 'the logs', false],
])('a part that has a disk of its own is named (%s), and only the database keeps requests out', (path, part, isVital) => {
  const { rooms, fill, seen } = machineWith([path]);
  expect([rooms.trouble(), rooms.warning()]).toEqual([null, null]);
  fill(path);
  const said = `the disk of ${part} (${path}) is full: 0 MB are free`;
  expect([rooms.trouble(), rooms.warning()]).toEqual(isVital ? [said, null] : [null, said]);
  fill(path, 100);
  expect([rooms.trouble(), rooms.warning(), seen()]).toEqual([null, null, 1]);
});

test('all that are full are named, whichever disks they share', () => {
  const { rooms, fill } = machineWith(['/data/blobs', '/place'], layout('/place'));
  fill('/place', 20);
  fill('/data/blobs');
  fill('/');
  expect(rooms.trouble()).toBe('the disk of the binaries (/place), the database (/place/database), the nodes (/place/nodes) is full: 20 MB are free');
  expect(rooms.warning()).toBe('the disk of the records (/data), the logs (/data/logs) is full: 0 MB are free; the disk of the blobs (/data/blobs) is full: 0 MB are free');
});

test('the reserve lies on the disk of the database', () => {
  expect([...machineWith(['/data/database']).reserves]).toEqual(['/data/database/reserve']);
  expect([...machineWith(['/data/logs']).reserves]).toEqual(['/data/reserve']);
  expect([...machineWith(['/place'], layout('/place')).reserves]).toEqual(['/place/reserve']);
});

test('data in memory is full when it has taken what it may, whatever the file system has', () => {
  const place = mkdtempSync(join(tmpdir(), 'linarite-memory-'));
  const inMemory = (bytes: number) => machineWith([place], { ...layout(place), memory: { path: place, bytes, usedBefore: 0 } }).rooms.trouble();
  expect(inMemory(0)).toMatch(/the database \(.*\) is full: 0 MB are free$/);
  expect(inMemory(Number.MAX_SAFE_INTEGER)).toBeNull();
  rmSync(place, { recursive: true });
});

test('a disk that is mounted later is seen', () => {
  const { rooms, fill, mount } = machineWith([]);
  mount('/data/nodes');
  fill('/data/nodes');
  expect(rooms.warning()).toBe('the disk of the nodes (/data/nodes) is full: 0 MB are free');
});
