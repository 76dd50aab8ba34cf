import { Option } from 'commander';
import { readable } from './line.ts';

/** How a service in the foreground prints its log: as the lines stand in the file, or as people read them. */
const LOG_FORMATS = ['json', 'text'] as const;

export type LogFormat = (typeof LOG_FORMATS)[number];

/** `--log-format`, of `up`. */
export function logFormatOption(): Option {
  return new Option('--log-format <format>', 'also print the log to standard error, as JSON or as text, for whoever collects it there: a unit, a container (default: to its file alone)').choices(LOG_FORMATS);
}

/** A line of the log, with its newline, in that form. */
export function inFormat(line: string, format: LogFormat): string {
  switch (format) {
    case 'json':
      return line;
    case 'text':
      return `${readable(line.trimEnd())}\n`;
  }
}
