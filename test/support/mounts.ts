import { tmpdir } from 'node:os';
import { mountPoints, mountTable } from '../../src/agent/mounts.ts';

/**
 * Where this machine has something mounted, what other tests mount meanwhile left out: all of them work below the
 * directory for temporary files, these below `own`.
 */
export function machineMounts(...own: readonly string[]): readonly string[] {
  return mountPoints(mountTable()).filter((point) => !point.startsWith(`${tmpdir()}/`) || own.some((path) => point.startsWith(path)));
}
