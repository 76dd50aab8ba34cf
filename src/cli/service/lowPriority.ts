import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Option } from 'commander';
import { messageOf } from '../../base/errors.ts';
import { type Capacity, readCapacity } from '../../nodes/local/capacity.ts';
import { CommandError, EXIT } from '../errors.ts';
import { timeBetween } from '../time.ts';

const GRACE_FLAG = '--preemption-grace';
const CAPACITY_FLAG = '--low-priority-capacity';
const MOST_MS = 3_600_000;

/** How long low-priority nodes have from their notice, and how many there may be. */
export function lowPriorityOptions(): readonly Option[] {
  return [
    new Option(`${GRACE_FLAG} <time>`, 'a low-priority node has so long from the notice until it is taken back (default: 30s, as on Azure)').argParser(timeBetween(0, MOST_MS, 'a time from 0s to 1h, like 30s or 2min')),
    new Option(`${CAPACITY_FLAG} <file>`, 'how many low-priority nodes there may be over time, as CSV (docs/low-priority.md; default: as many as are asked for)').argParser((path: string) => resolve(path)),
  ];
}

/** As the next process is told. */
export function lowPriorityFlags(graceMs: number | undefined, capacityFile: string | undefined): string[] {
  return [...(graceMs === undefined ? [] : [GRACE_FLAG, `${graceMs}ms`]), ...(capacityFile === undefined ? [] : [CAPACITY_FLAG, capacityFile])];
}

/** What the file says. @throws CommandError that names the file, and the line of a fault. */
export function readCapacityFile(path: string): Capacity {
  try {
    return readCapacity(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandError(EXIT.usage, `the capacity in ${path} cannot be used: ${messageOf(error)}`);
  }
}
