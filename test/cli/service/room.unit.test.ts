import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type Disk, Room } from '../../../src/cli/service/data/room.ts';

const MB = 1024 * 1024;

/** A disk of the test's own. */
class TestDisk implements Disk {
  bytes = 1_000 * MB;
  files = Infinity;
  fails = false;
  isReserved = false;
  readonly reserve = {
    isThere: () => this.isReserved,
    make: () => {
      this.isReserved = true;
      this.bytes -= 16 * MB;
    },
    remove: () => {
      this.isReserved = false;
      this.bytes += 16 * MB;
    },
  };
  free(): { bytes: number; files: number } {
    if (this.fails) throw new Error('gone');
    return { bytes: this.bytes, files: this.files };
  }
}

function roomOn(disk: Disk, lowBytes = 32 * MB): { room: Room; again: () => number } {
  let again = 0;
  return { room: new Room({ disk, name: '/data', lowBytes, log: pino({ level: 'silent' }), onRoom: () => void (again += 1) }), again: () => again };
}

test('a reserve is made where there is room, given up when the disk is full, and made again', () => {
  const disk = new TestDisk();
  const { room, again } = roomOn(disk);
  room.look();
  expect([disk.isReserved, room.trouble]).toEqual([true, null]);
  disk.bytes = 2 * MB;
  room.look();
  expect([disk.isReserved, disk.bytes]).toEqual([false, 18 * MB]);
  room.look();
  expect(room.trouble).toBe('the disk of /data is full: 18 MB are free');
  disk.bytes = 40 * MB;
  room.look();
  expect(room.trouble).toMatch('40 MB');
  disk.bytes = 500 * MB;
  room.look();
  expect([disk.isReserved, room.trouble, again()]).toEqual([true, null, 1]);
});

test('a small disk gets no reserve, and is told to be full all the same', () => {
  const disk = new TestDisk();
  disk.bytes = 100 * MB;
  const { room } = roomOn(disk);
  room.look();
  expect([disk.isReserved, room.trouble]).toEqual([false, null]);
  disk.bytes = 0;
  room.look();
  expect(room.trouble).toMatch('is full: 0 MB');
});

test('a disk on which no more files can be made is full', () => {
  const disk = new TestDisk();
  const { room, again } = roomOn(disk);
  disk.files = 0;
  room.look();
  expect(room.trouble).toBe('the disk of /data is full: no more files can be made');
  disk.files = 1_000;
  room.look();
  expect([room.trouble, again()]).toEqual([null, 1]);
});

test('a disk that cannot be looked at changes nothing', () => {
  const disk = new TestDisk();
  const { room } = roomOn(disk);
  disk.fails = true;
  expect(() => room.look()).not.toThrow();
  expect(room.trouble).toBeNull();
});
