// A directory in memory for what tests make: most of what they wait for is a disk that has written.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Databases, nodes and an installed package take some two of them at a time. */
const NEEDED_BYTES = 6 * 1024 ** 3;
const SIZE = 'size=4g';

/**
 * A tmpfs of this check's own, open to all users; undefined where none can be mounted (no root, no Linux) or memory is
 * short. `/dev/shm` will not do: nodes have one of their own, which hides the machine's. `remove` unmounts it.
 */
export function memoryPlace() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || freemem() < NEEDED_BYTES) return undefined;
  const path = mkdtempSync(join(tmpdir(), 'linarite-check-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', SIZE, 'linarite-check', path], { stdio: 'ignore' });
  if (status !== 0) {
    rmdirSync(path);
    return undefined;
  }
  chmodSync(path, 0o1777);
  return {
    path,
    remove: () => {
      // Whatever a test left mounted or running in it must not keep the memory.
      spawnSync('umount', ['--lazy', '--recursive', path], { stdio: 'inherit' });
      rmSync(path, { recursive: true, force: true });
    },
  };
}
