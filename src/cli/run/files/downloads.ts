import { isAbsolute, join, normalize } from 'node:path';
import type { StoredBlob } from '../account/storage.ts';

/** One output to fetch. */
export interface Download {
  readonly taskId: string;
  /** Which of the output patterns it matched, from 0. */
  readonly pattern: number;
  readonly blob: string;
  readonly bytes: number;
  /** Where it goes, below the directory of `--to`. */
  readonly target: string;
}

/**
 * Where a pattern's files go in the container: the name alone then says whose they are, what they matched and where
 * they belong. The directory is one part of it, `d` alone for none: as a path it could hold what the name of a blob
 * cannot.
 */
export function outputPath(taskId: string, pattern: number, directory: string): string {
  return `${taskId}/${pattern}/d${directory === '.' ? '' : encodeURIComponent(directory)}`;
}

/**
 * Where outputs go. A blob is `TASK/PATTERN/DIRECTORY/file`; the file lands below the directory its input came from.
 * Files of the same name would overwrite each other: those of several tasks go into directories named after the tasks,
 * those of several patterns of a task into `output-2` and so on in there.
 */
export function planDownloads(blobs: readonly StoredBlob[]): Download[] {
  const wanted = blobs.flatMap(({ name, bytes }) => {
    const [taskId = '', pattern = '', directory = '', ...rest] = name.split('/');
    const target = normalize(join(directoryIn(directory) ?? '..', rest.join('/')));
    return !/^\d+$/.test(pattern) || rest.length === 0 || isAbsolute(target) || target.startsWith('..') ? [] : [{ taskId, pattern: Number(pattern), blob: name, bytes, target }];
  });
  const askedFor = countedBy(wanted, ({ target }) => target);
  const keptApart = wanted.map((download) => (askedFor.get(download.target) === 1 ? download : { ...download, target: join(download.taskId, download.target) }));
  const taken = new Set<string>();
  return keptApart.map((download) => {
    const target = taken.has(download.target) ? join(download.taskId, `output-${download.pattern + 1}`, download.target.slice(download.taskId.length + 1)) : download.target;
    taken.add(target);
    return { ...download, target };
  });
}

/** Undefined for what no run has named. */
function directoryIn(part: string): string | undefined {
  if (!part.startsWith('d')) return undefined;
  try {
    return decodeURIComponent(part.slice(1)) || '.';
  } catch {
    return undefined;
  }
}

function countedBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
