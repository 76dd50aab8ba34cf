import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { failure, TaskFailure } from '../failures.ts';
import { smallProgram } from './smallProgram.ts';

/** Where the holder is in a container. */
export const HOLDER_PATH = '/.linarite-hold';
const FILE = 'hold';
const ANYBODY_RUNS = 0o555;

/**
 * Lays the first process of a container that outlives its commands beside the node's images: an image need not have
 * one. Returns its path. Throws TaskFailure.
 */
export function layHolder(directory: string): string {
  const program = smallProgram('hold');
  if (program === null) throw new TaskFailure(failure('ContainerMiscError', ['Message', `Multi-instance tasks cannot run in containers on a processor of the kind ${arch()}`]));
  const path = join(directory, FILE);
  // A container of a moment ago may run it: nobody can write to that file.
  writeFileSync(`${path}.new`, program);
  chmodSync(`${path}.new`, ANYBODY_RUNS);
  renameSync(`${path}.new`, path);
  return path;
}
