import { Option } from 'commander';
import { timeBetween } from '../time.ts';

const FLAG = '--max-job-time';
const LEAST_MS = 1_000;
const MOST_MS = 10 * 365 * 86_400_000;

/** How long the operator lets a job last. */
export function maxJobTimeOption(): Option {
  return new Option(`${FLAG} <time>`, 'no job lasts longer: one without maxWallClockTime, or with more, ends by then (default: no such bound)').argParser(
    timeBetween(LEAST_MS, MOST_MS, 'a time from 1s to 3650d, like 30min, 12h or 7d'),
  );
}

/** As the next process is told. */
export function maxJobTimeFlags(maxJobTimeMs: number | undefined): string[] {
  return maxJobTimeMs === undefined ? [] : [FLAG, `${maxJobTimeMs}ms`];
}
