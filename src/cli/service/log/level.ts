import { Option } from 'commander';

/** From which level on a line is written. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_LOG_LEVEL: LogLevel = 'info';

/** `--log-level`, of every command that may start a service. */
export function logLevelOption(): Option {
  return new Option('--log-level <level>', `of the service's log; debug tells of single tasks and requests; kept over restarts (default: ${DEFAULT_LOG_LEVEL})`).choices(LOG_LEVELS);
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isLogLevel(value: unknown): value is LogLevel | undefined {
  return value === undefined || LOG_LEVELS.some((level) => level === value);
}
