import type { LogLevel } from './level.ts';

/** What every line of ours has; the rest of its members depends on what it tells. */
interface LogRecord {
  readonly time: string;
  readonly level: string;
  readonly msg: string;
  readonly rest: Readonly<Record<string, unknown>>;
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** What needs no quotes to be read as one word. */
const BARE = /^[\w.:/@+,-]+$/;

/** Whether a line has that level or one above it. A line that is none of ours has no level and is always wanted. */
export function isWanted(line: string, least: LogLevel): boolean {
  const level = read(line)?.level;
  const rank = LEVELS.findIndex((name) => name === level);
  return rank === -1 || rank >= LEVELS.indexOf(least);
}

/**
 * A line as people read it: time, level, message, `name=value` for the rest, and below an error its stack. A line that
 * is none of ours stays as it is.
 */
export function readable(line: string): string {
  const record = read(line);
  if (record === undefined) return line;
  const { time, level, msg, rest } = record;
  const { pid: _pid, error, ...fields } = rest;
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${shown(value)}`);
  const [said, ...from] = errorOf(error, level);
  return [[time, level.padEnd(5), msg, ...pairs, ...(said === undefined ? [] : [said])].join(' '), ...from].join('\n');
}

function read(line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { time, level, msg = '', ...rest } = value as Record<string, unknown>;
  const name = typeof level === 'number' ? LEVELS[level / 10 - 1] : level;
  return typeof time === 'string' && typeof name === 'string' && typeof msg === 'string' ? { time, level: name, msg, rest } : undefined;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return BARE.test(value) ? value : JSON.stringify(value);
  // A list of sentences is read more easily than as JSON within JSON.
  if (Array.isArray(value) && value.length === 1) return shown(value[0]);
  return JSON.stringify(value);
}

/** What an error says, and below a level that needs somebody where it was thrown. */
function errorOf(error: unknown, level: string): readonly string[] {
  if (error === undefined) return [];
  if (typeof error !== 'object' || error === null || !('message' in error)) return [`error=${shown(error)}`];
  const { message, code, stack } = error as { readonly message: unknown; readonly code?: unknown; readonly stack?: unknown };
  const said = [`error=${shown(message)}`, ...(code === undefined ? [] : [`code=${shown(code)}`])].join(' ');
  const isGrave = level === 'error' || level === 'fatal';
  return isGrave && typeof stack === 'string' ? [said, ...stack.split('\n').filter((row) => /^\s+at /.test(row))] : [said];
}
