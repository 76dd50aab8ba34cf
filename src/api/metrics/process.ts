import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Series } from './exposition.ts';

const RESOLUTION_MS = 20;
const QUANTILES = [0.5, 0.99, 1] as const;

/** How late the event loop is, between one question and the next. */
export interface EventLoop {
  series(): readonly Series[];
  stop(): void;
}

export function watchEventLoop(): EventLoop {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return {
    series: () => {
      // What is measured is the time between two turns of a timer; without any it has no number.
      const late = QUANTILES.map((quantile) => ({ labels: [String(quantile)], value: delay.count === 0 ? 0 : Math.max(0, delay.percentile(quantile * 100) / 1e9 - RESOLUTION_MS / 1_000) }));
      delay.reset();
      return late;
    },
    stop: () => void delay.disable(),
  };
}

export function residentBytes(): number {
  return process.memoryUsage.rss();
}

export function heapUsedBytes(): number {
  return process.memoryUsage().heapUsed;
}

export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export function startedAtSeconds(): number {
  return Math.round(performance.timeOrigin) / 1_000;
}
