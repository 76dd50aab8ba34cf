import { closeSync, constants, fsyncSync, openSync, rmSync, statSync, statfsSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import { messageOf } from '../../../base/errors.ts';

/** The service frees this first when the database's disk is full, so that it can still take a terminate or a delete. */
const RESERVE_BYTES = 16 * 1024 * 1024;
/** The reserve is made only where it is a small part of what is free. */
const TIMES_FREE = 10;
const BLOCK = Buffer.alloc(1024 * 1024);

/** What can still be written. */
interface Free {
  readonly bytes: number;
  /** Files that can still be made; Infinity where the file system does not count them. */
  readonly files: number;
}

/** How a disk is looked at; tests bring their own. */
export interface Disk {
  free(): Free;
  /** Undefined where none is kept. */
  readonly reserve?: Reserve;
}

interface Reserve {
  /** Throws when there is no room. */
  make(): void;
  remove(): void;
  isThere(): boolean;
}

/**
 * Looks after the room on one disk. whole -> low (its reserve, if it has one, was given up; `trouble` says so) ->
 * whole, once there is room for more than the bound again. Where a reserve was never made, the disk being small, only
 * `trouble` is kept.
 */
export class Room {
  readonly #disk: Disk;
  readonly #name: string;
  readonly #lowBytes: number;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #onRoom: () => void;
  #free: Free = { bytes: Infinity, files: Infinity };
  #isLow = false;

  /** `name`: what lies on the disk, and where. `lowBytes`: with less it is full. `onRoom`: there is room again. */
  constructor(options: { readonly disk: Disk; readonly name: string; readonly lowBytes: number; readonly log: Pick<Logger, 'warn' | 'info'>; readonly onRoom: () => void }) {
    this.#disk = options.disk;
    this.#name = options.name;
    this.#lowBytes = options.lowBytes;
    this.#log = options.log;
    this.#onRoom = options.onRoom;
  }

  /** That the disk is full, in one sentence; null: it is not. */
  get trouble(): string | null {
    if (!this.#isLow) return null;
    const left = this.#free.files === 0 ? 'no more files can be made' : `${Math.floor(this.#free.bytes / 1024 / 1024)} MB are free`;
    return `the disk of ${this.#name} is full: ${left}`;
  }

  /** To be called each second or so. Never throws. */
  look(): void {
    try {
      const { reserve } = this.#disk;
      const free = this.#disk.free();
      this.#free = free;
      const hasReserve = reserve?.isThere() ?? false;
      if (free.bytes < this.#lowBytes || free.files === 0) this.#becomeLow(hasReserve);
      else if (!hasReserve && free.bytes >= RESERVE_BYTES * TIMES_FREE) reserve?.make();
      // A little more than the bound, so that it does not go to and fro.
      if (this.#isLow && free.bytes >= this.#lowBytes * 1.5 && free.files > 0) this.#becomeWhole();
    } catch (error) {
      this.#log.warn({ disk: this.#name, reason: messageOf(error) }, 'the room on the disk could not be looked at');
    }
  }

  #becomeLow(hasReserve: boolean): void {
    if (hasReserve) this.#disk.reserve?.remove();
    if (this.#isLow) return;
    this.#isLow = true;
    this.#log.warn({ disk: this.#name, freeBytes: this.#free.bytes, reserveGivenUp: hasReserve }, 'the disk is full');
  }

  #becomeWhole(): void {
    this.#isLow = false;
    this.#log.info({ disk: this.#name, freeBytes: this.#free.bytes }, 'there is room on the disk again');
    this.#onRoom();
  }
}

/** The disk that a directory lies on. `reserve`: the file that is its reserve. */
export function diskOf(directory: string, reserve?: string): Disk {
  return {
    free: () => {
      const { bavail, bsize, files, ffree } = statfsSync(directory);
      return { bytes: bavail * bsize, files: files === 0 ? Infinity : ffree };
    },
    ...(reserve === undefined ? {} : { reserve: reserveIn(reserve) }),
  };
}

function reserveIn(path: string): Reserve {
  return {
    make: () => {
      const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
      try {
        for (let written = 0; written < RESERVE_BYTES; ) written += writeSync(file, BLOCK);
        fsyncSync(file);
      } catch (error) {
        rmSync(path, { force: true });
        throw error;
      } finally {
        closeSync(file);
      }
    },
    remove: () => rmSync(path, { force: true }),
    isThere: () => statSync(path, { throwIfNoEntry: false }) !== undefined,
  };
}
