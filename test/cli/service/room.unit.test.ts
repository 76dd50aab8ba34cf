import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type Disk, Room } from '../../../src/cli/service/room.ts';

const MB = 1024 * 1024;

/** A disk of the test's own. */
function disk(): Disk & { free: number; reserve: boolean; fails: boolean } {
  return {
    free: 1_000 * MB,
    reserve: false,
    fails: false,
    freeBytes() {
      if (this.fails) throw new Error('gone');
      return this.free;
    },
    hasReserve() {
      return this.reserve;
    },
    makeReserve() {
      this.reserve = true;
      this.free -= 16 * MB;
    },
    removeReserve() {
      this.reserve = false;
      this.free += 16 * MB;
    },
  };
}

function roomOn(its: Disk): { room: Room; again: () => number } {
  let again = 0;
  return { room: new Room({ disk: its, path: '/data', log: pino({ level: 'silent' }), onRoom: () => void (again += 1) }), again: () => again };
}

test('a reserve is made where there is room, given up when the disk is full, and made again', () => {
  const its = disk();
  const { room, again } = roomOn(its);
  room.look();
  expect([its.reserve, room.trouble]).toEqual([true, null]);
  its.free = 2 * MB;
  room.look();
  expect([its.reserve, its.free]).toEqual([false, 18 * MB]);
  room.look();
  expect(room.trouble).toBe('the disk of /data is full: 18 MB are free');
  its.free = 40 * MB;
  room.look();
  expect(room.trouble).toMatch('40 MB');
  its.free = 500 * MB;
  room.look();
  expect([its.reserve, room.trouble, again()]).toEqual([true, null, 1]);
});

test('a small disk gets no reserve, and is told to be full all the same', () => {
  const its = disk();
  its.free = 100 * MB;
  const { room } = roomOn(its);
  room.look();
  expect([its.reserve, room.trouble]).toEqual([false, null]);
  its.free = 0;
  room.look();
  expect(room.trouble).toMatch('is full: 0 MB');
});

test('a disk that cannot be looked at changes nothing', () => {
  const its = disk();
  const { room } = roomOn(its);
  its.fails = true;
  expect(() => room.look()).not.toThrow();
  expect(room.trouble).toBeNull();
});
