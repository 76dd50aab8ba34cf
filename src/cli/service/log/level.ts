import { Option } from 'commander';

/** From which level on a line is written. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_LOG_LEVEL: LogLevel = 'info';

/** `--log-level`, of every command that may start a service. */
export const logLevelOption = (): Option =>
  new Option('--log-level <level>', `of the service's log; debug tells of single tasks and requests; kept over restarts (default: ${DEFAULT_LOG_LEVEL})`).choices(LOG_LEVELS);

/** As a record of this release or an older one, which has none, may hold it. */
export const isLogLevel = (value: unknown): value is LogLevel | undefined => value === undefined || LOG_LEVELS.some((level) => level === value);
