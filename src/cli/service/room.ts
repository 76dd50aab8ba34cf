import { closeSync, constants, fsyncSync, openSync, rmSync, statSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';

/** What is given up first when the disk is full, so that the database can still take a terminate or a delete. */
const RESERVE_BYTES = 16 * 1024 * 1024;
/** The reserve is made only where it is a small part of what is free. */
const TIMES_FREE = 10;
/** Below this much free room the reserve is given up: PostgreSQL makes its log in pieces of 16 MB. */
const LOW_BYTES = 32 * 1024 * 1024;
const LOOK_MS = 1_000;
const BLOCK = Buffer.alloc(1024 * 1024);

/** How the room is looked at; tests bring their own. */
export interface Disk {
  freeBytes(): number;
  /** Throws when there is no room. */
  makeReserve(): void;
  removeReserve(): void;
  hasReserve(): boolean;
}

/**
 * Looks after the room on the database's disk. whole (there is a reserve) -> low (it was given up; `trouble` says so) -> whole, once there is room for it
 * again. Where a reserve was never made, the disk being small, only `trouble` is kept.
 */
export class Room {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #onRoom: () => void;
  #freeBytes = Infinity;
  #isLow = false;

  /** `onRoom`: there is room again. */
  constructor(options: { readonly disk: Disk; readonly path: string; readonly log: Pick<Logger, 'warn' | 'info'>; readonly onRoom: () => void }) {
    this.#disk = options.disk;
    this.#path = options.path;
    this.#log = options.log;
    this.#onRoom = options.onRoom;
  }

  /** What keeps the service from taking more, in one sentence; null: nothing. */
  get trouble(): string | null {
    return this.#isLow ? `the disk of ${this.#path} is full: ${Math.floor(this.#freeBytes / 1024 / 1024)} MB are free` : null;
  }

  /** To be called each second or so. Never throws. */
  look(): void {
    try {
      this.#freeBytes = this.#disk.freeBytes();
      const hasReserve = this.#disk.hasReserve();
      if (this.#freeBytes < LOW_BYTES) this.#becomeLow(hasReserve);
      else if (!hasReserve && this.#freeBytes >= RESERVE_BYTES * TIMES_FREE) this.#disk.makeReserve();
      // A little more than the bound, so that it does not go to and fro.
      if (this.#isLow && this.#freeBytes >= LOW_BYTES + RESERVE_BYTES) this.#becomeWhole();
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'the room on the disk could not be looked at');
    }
  }

  #becomeLow(hasReserve: boolean): void {
    if (hasReserve) this.#disk.removeReserve();
    if (this.#isLow) return;
    this.#isLow = true;
    this.#log.warn({ path: this.#path, freeBytes: this.#freeBytes, reserveGivenUp: hasReserve }, 'the disk is full');
  }

  #becomeWhole(): void {
    this.#isLow = false;
    this.#log.info({ path: this.#path, freeBytes: this.#freeBytes }, 'there is room on the disk again');
    this.#onRoom();
  }
}

/** The disk that a directory lies on; the reserve is a file in it. */
export function diskOf(directory: string): Disk {
  const path = join(directory, 'reserve');
  return {
    freeBytes: () => {
      const { bavail, bsize } = statfsSync(directory);
      return bavail * bsize;
    },
    makeReserve: () => {
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
    removeReserve: () => rmSync(path, { force: true }),
    hasReserve: () => statSync(path, { throwIfNoEntry: false }) !== undefined,
  };
}

/** Looks at once and then each second; returns how that is ended. The reserve stays for the next service. */
export function watchRoom(room: Room): () => void {
  room.look();
  const timer = setInterval(() => room.look(), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
