import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf } from '../../../base/errors.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { diskInMemory } from './memory.ts';
import { type Disk, Room, diskOf } from './room.ts';

/** A part of the data directory, which may have a disk of its own. */
interface Place {
  readonly part: string;
  readonly path: string;
  /** With less free room its disk is full. */
  readonly lowBytes: number;
  /** Whether the service takes nothing more from clients while this disk is full. */
  readonly isVital: boolean;
}

/** PostgreSQL makes its log in pieces of 16 MB. */
const LOW_DATABASE_BYTES = 32 * 1024 * 1024;
/** Of all else; the documentation of the real service shows this number for nodes. */
const LOW_BYTES = 1_000_000;
const LOOK_MS = 1_000;

function placesOf({ root, place, database, nodes, blobs, logs }: DataDirectory): readonly Place[] {
  return [
    { part: 'the records', path: root, lowBytes: LOW_BYTES, isVital: false },
    ...(place === null ? [] : [{ part: 'the binaries', path: place, lowBytes: LOW_BYTES, isVital: false }]),
    { part: 'the database', path: database, lowBytes: LOW_DATABASE_BYTES, isVital: true },
    { part: 'the write-ahead log', path: join(database, 'data', 'pg_wal'), lowBytes: LOW_DATABASE_BYTES, isVital: true },
    { part: 'the nodes', path: nodes, lowBytes: LOW_BYTES, isVital: false },
    { part: 'the blobs', path: blobs, lowBytes: LOW_BYTES, isVital: false },
    { part: 'the logs', path: logs, lowBytes: LOW_BYTES, isVital: false },
  ];
}

interface Watched {
  readonly room: Room;
  readonly isVital: boolean;
}

/** How the machine is looked at; tests bring their own. */
export interface Machine {
  /** The same number for all paths on one disk. Paths that are not there yet will be on that of what they lie in. */
  diskNumber(path: string): number;
  disk(path: string, reserve: string | undefined): Disk;
}

const MACHINE: Machine = { diskNumber: (path) => statSync(existingAbove(path)).dev, disk: (path, reserve) => diskOf(existingAbove(path), reserve) };

/**
 * Looks after the room on all disks that the data directory lies on, which may be mounted and unmounted meanwhile. The
 * database's has a reserve.
 */
export class Rooms {
  readonly #directory: DataDirectory;
  readonly #log: Pick<Logger, 'warn' | 'info'>;
  readonly #machine: Machine;
  readonly #listeners: (() => void)[] = [];
  /** By what lies on the disk. */
  #watched = new Map<string, Watched>();

  constructor(directory: DataDirectory, log: Pick<Logger, 'warn' | 'info'>, machine = MACHINE) {
    this.#directory = directory;
    this.#log = log;
    this.#machine = machine;
  }

  /** Called each time there is room again on a disk that was full. */
  whenSeen(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Which full disks keep the service from taking more, in one sentence; null: none. */
  trouble(): string | null {
    return this.#troubles(true);
  }

  /** Which other disks are full, in one sentence; null: none. */
  warning(): string | null {
    return this.#troubles(false);
  }

  /** To be called each second or so. Never throws. */
  look(): void {
    try {
      this.#findDisks();
    } catch (error) {
      this.#log.warn({ reason: messageOf(error) }, 'the disks of the data directory could not be found');
    }
    for (const { room } of this.#watched.values()) room.look();
  }

  #findDisks(): void {
    const watched = new Map<string, Watched>();
    for (const places of this.#byDisk()) {
      const name = this.#nameOf(places);
      watched.set(name, this.#watched.get(name) ?? this.#watch(name, places));
    }
    this.#watched = watched;
  }

  #troubles(isVital: boolean): string | null {
    const troubles = [...this.#watched.values()].flatMap((watched) => (watched.isVital === isVital && watched.room.trouble !== null ? [watched.room.trouble] : []));
    return troubles.length === 0 ? null : troubles.join('; ');
  }

  #byDisk(): readonly (readonly Place[])[] {
    const byDisk = new Map<number, Place[]>();
    for (const place of placesOf(this.#directory)) {
      const disk = this.#machine.diskNumber(place.path);
      byDisk.set(disk, [...(byDisk.get(disk) ?? []), place]);
    }
    return [...byDisk.values()];
  }

  #watch(name: string, places: readonly Place[]): Watched {
    const [first] = places;
    if (first === undefined) throw new Error('nothing lies on this disk');
    const onRoom = (): void => {
      for (const listener of this.#listeners) listener();
    };
    const { memory } = this.#directory;
    const disk = this.#machine.disk(first.path, this.#reserveOf(places));
    const isInMemory = memory !== null && places.some(({ path }) => path === memory.path);
    return { room: new Room({ disk: isInMemory ? diskInMemory(disk, memory) : disk, name, lowBytes: Math.max(...places.map(({ lowBytes }) => lowBytes)), log: this.#log, onRoom }), isVital: places.some(({ isVital }) => isVital) };
  }

  /** Beside the database, or in its directory where that is a disk of its own. */
  #reserveOf(places: readonly Place[]): string | undefined {
    const { root, place, database } = this.#directory;
    const has = (path: string): boolean => places.some((one) => one.path === path);
    if (!has(database)) return undefined;
    return join(has(place ?? root) ? (place ?? root) : database, 'reserve');
  }

  #nameOf(places: readonly Place[]): string {
    const { root, database } = this.#directory;
    if (places.length === placesOf(this.#directory).length) return root;
    const isPartOfOther = ({ path }: Place): boolean => path.startsWith(`${database}/`) && places.some((other) => other.path === database);
    return places.flatMap((place) => (isPartOfOther(place) ? [] : [`${place.part} (${place.path})`])).join(', ');
  }
}

/** What can still be written on the disk of the database, or of the memory that is given to it; in bytes. */
export function freeForDatabase({ database, memory }: DataDirectory): number {
  const disk = diskOf(existingAbove(database));
  return (memory === null ? disk : diskInMemory(disk, memory)).free().bytes;
}

function existingAbove(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined && dirname(path) !== path ? existingAbove(dirname(path)) : path;
}

/** Looks at once and then each second. Returns a function that ends it. The reserve stays for the next service. */
export function watchRooms(rooms: Rooms): () => void {
  rooms.look();
  const timer = setInterval(() => rooms.look(), LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
