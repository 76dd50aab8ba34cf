import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readIfThere, replaceFile } from '../../files.ts';

/** In a data directory whose clock users set (docs/clock.md): how far it is ahead. Others have none. */
export const CLOCK_FILE = 'clock';

/** Of a new data directory. */
export function makeClockFile(path: string): void {
  replaceFile(path, written(0));
}

/** Milliseconds. */
export function readClockOffset(path: string): number {
  const text = readIfThere(path) ?? '';
  const offsetMs = /^\d{1,15}\n$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(offsetMs)) throw new Error(`${path} does not say how far the clock is ahead: ${text.trim()}`);
  return offsetMs;
}

/** Resolves when it is on the disk: the old offset or the new one is found there, whatever ends meanwhile. */
export async function keepClockOffset(path: string, offsetMs: number): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o644);
  try {
    await file.writeFile(written(offsetMs));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function written(offsetMs: number): string {
  return `${offsetMs}\n`;
}
