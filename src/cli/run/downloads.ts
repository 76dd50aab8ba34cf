import { isAbsolute, join, normalize } from 'node:path';
import type { StoredBlob } from './storage.ts';

/** One output to fetch. */
export interface Download {
  readonly taskId: string;
  readonly blob: string;
  readonly bytes: number;
  /** Where it goes, below the directory of `--to`. */
  readonly target: string;
}

/**
 * Where outputs go. A blob is `TASK/file`; the file lands below the directory its input came from. Files of the same name from several tasks
 * would overwrite each other: those go into a directory of their task's id.
 * @param directoryOf the directory of a task's input below the pattern's fixed part, `.` when there is none
 */
export function planDownloads(blobs: readonly StoredBlob[], directoryOf: (taskId: string) => string): Download[] {
  const wanted = blobs.flatMap(({ name, bytes }) => {
    const [taskId = '', ...rest] = name.split('/');
    const file = normalize(join(directoryOf(taskId), rest.join('/')));
    return rest.length === 0 || isAbsolute(file) || file.startsWith('..') ? [] : [{ taskId, blob: name, bytes, target: file }];
  });
  const askedFor = new Map<string, number>();
  for (const { target } of wanted) askedFor.set(target, (askedFor.get(target) ?? 0) + 1);
  return wanted.map((download) => (askedFor.get(download.target) === 1 ? download : { ...download, target: join(download.taskId, download.target) }));
}
