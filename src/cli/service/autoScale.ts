import { Option } from 'commander';
import { timeBetween } from '../time.ts';

const FLAG = '--autoscale-min-interval';
const LEAST_MS = 1_000;
const MOST_MS = 7 * 86_400_000;

/** How often the operator lets formulas of pools run. */
export function autoScaleOption(): Option {
  return new Option(`${FLAG} <time>`, 'formulas of pools may run as often as this (default: 5min, as on Azure)').argParser(timeBetween(LEAST_MS, MOST_MS, 'a time from 1s to 7d, like 5s or 1min'));
}

/** As the next process is told. */
export function autoScaleFlags(minIntervalMs: number | undefined): string[] {
  return minIntervalMs === undefined ? [] : [FLAG, `${minIntervalMs}ms`];
}
