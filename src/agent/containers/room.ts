import { statfsSync } from 'node:fs';
import type { ResizeError } from '../../core/status.ts';
import { messageOf } from '../failures.ts';
import { say } from '../log.ts';
import { callEngine, callOrThrow, type Engine, type EngineCall } from './engine.ts';
import type { Images } from './images.ts';
import { wholeName } from './imageName.ts';

/** What was removed for want of room. */
export interface Removed {
  readonly containers: number;
  readonly images: readonly string[];
  readonly freedBytes: number;
  readonly freeBytes: number;
}

/** What is said of it on the node. The real service has nothing of the kind: its nodes become full. */
export function noticeOf({ containers, images, freedBytes, freeBytes }: Removed): ResizeError {
  return {
    code: 'ContainerDiskCleaned',
    message: 'The disk of the node ran full, so images that no container uses were removed, and dead containers; what is needed again is pulled again',
    values: [
      { name: 'Images', value: images.slice(0, MOST_NAMED).join(' ') + (images.length > MOST_NAMED ? ` and ${images.length - MOST_NAMED} more` : '') },
      { name: 'Containers', value: String(containers) },
      { name: 'FreedBytes', value: String(freedBytes) },
      { name: 'FreeBytes', value: String(freeBytes) },
    ],
  };
}

const MOST_NAMED = 20;

export interface RoomOptions {
  readonly engine: Engine;
  readonly call: EngineCall;
  readonly directory: string;
  readonly images: Pick<Images, 'lastUsed' | 'pulled' | 'forget'>;
  /** What the pool asks for beforehand goes last. */
  readonly prefetched: ReadonlySet<string>;
  readonly onRemoved: (removed: Removed) => void;
  /** Of the disk that images lie on. */
  readonly look?: (directory: string) => Disk;
  /** For so long after it was asked for, an image stays: a container is about to be made of it. */
  readonly inUseMs?: number;
}

interface Disk {
  readonly sizeBytes: number;
  readonly freeBytes: number;
}

/** Keeps room on the disk that images and layers of containers lie on. */
export interface Room {
  /**
   * Removes dead containers, then images that no container uses, the least recently used first, until enough is free;
   * `urgent`: all of them, since something could not be written. False: there was nothing to remove.
   */
  make(urgent: boolean): Promise<boolean>;
  close(): void;
}

const LOOK_EVERY_MS = 30_000;
const SHARE_KEPT_FREE = 0.1;
const MOST_KEPT_FREE = 5 * 2 ** 30;

/** A tenth of the disk, and no more than 5 GiB. */
function lacksRoom({ sizeBytes, freeBytes }: Disk): boolean {
  return freeBytes < Math.min(sizeBytes * SHARE_KEPT_FREE, MOST_KEPT_FREE);
}

export function createRoom({ engine, call, directory, images, prefetched, onRemoved, look = diskOf, inUseMs = IN_USE_MS }: RoomOptions): Room {
  let making: Promise<boolean> = Promise.resolve(false);
  const keptLast = new Set([...prefetched].flatMap((name) => [name, wholeName(name)]));

  const make = async (urgent: boolean): Promise<boolean> => {
    const before = look(directory);
    if (!urgent && !lacksRoom(before)) return false;
    const containers = await removeDead();
    const removed: string[] = [];
    for (const name of await removable()) {
      if (!urgent && !lacksRoom(look(directory))) break;
      // One that a container uses stays.
      if ((await callEngine(call, ['image', 'rm', name])).code !== 0) continue;
      images.forget();
      removed.push(name);
    }
    if (containers + removed.length === 0) return false;
    const { freeBytes } = look(directory);
    onRemoved({ containers, images: removed, freedBytes: Math.max(0, freeBytes - before.freeBytes), freeBytes });
    return true;
  };

  /** Those that were never started, or whose removal failed. */
  const removeDead = async (): Promise<number> => {
    const filters = DEAD_STATES[engine.kind].flatMap((state) => ['--filter', `status=${state}`]);
    const own = engine.kind === 'docker' ? ['--filter', 'label=linarite.node'] : [];
    const ids = (await callOrThrow(call, ['ps', '--all', '--quiet', '--no-trunc', ...filters, ...own])).split('\n').filter((line) => line !== '');
    let count = 0;
    for (const id of ids) if ((await callEngine(call, ['rm', id])).code === 0) count += 1;
    return count;
  };

  const removable = async (): Promise<readonly string[]> => {
    const usedAt = (name: string): number => images.lastUsed.get(name) ?? Number.NEGATIVE_INFINITY;
    const isIdle = (name: string): boolean => usedAt(name) < performance.now() - inUseMs;
    const names = [...(await ownImages())].filter(isIdle).toSorted((one, other) => usedAt(one) - usedAt(other));
    return [...names.filter((name) => !keptLast.has(name)), ...names.filter((name) => keptLast.has(name))];
  };

  /** All that are in the node's own store. Docker has images of others, too: of these none goes. */
  const ownImages = async (): Promise<Iterable<string>> => {
    if (engine.kind === 'docker') return images.pulled;
    const listed = await callOrThrow(call, ['images', '--format', '{{.ReadOnly}} {{.Repository}}:{{.Tag}} {{.ID}}']);
    return listed.split('\n').flatMap((line) => {
      const [isForeign, name, id] = line.split(' ');
      return isForeign !== 'false' || name === undefined || id === undefined ? [] : [name.includes('<none>') ? id : name];
    });
  };

  /** One at a time. */
  const inLine = (urgent: boolean): Promise<boolean> => {
    making = making.catch(() => false).then(() => make(urgent));
    return making;
  };
  const timer = setInterval(() => void inLine(false).catch((error: unknown) => say(messageOf(error))), LOOK_EVERY_MS);
  timer.unref();
  return { make: inLine, close: () => clearInterval(timer) };
}

const IN_USE_MS = 10_000;
const DEAD_STATES: Readonly<Record<Engine['kind'], readonly string[]>> = { podman: ['exited'], docker: ['exited', 'dead'], runtime: ['exited'] };

function diskOf(directory: string): Disk {
  const { blocks, bavail, bsize } = statfsSync(directory);
  return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize };
}
