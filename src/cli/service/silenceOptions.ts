import { Option } from 'commander';
import { SILENCE_BOUNDS, type SilenceBounds } from '../../control/silence.ts';
import { CommandError, EXIT } from '../errors.ts';
import { timeBetween } from '../time.ts';

/** What a user may say about agents that do not answer, in milliseconds. */
export interface SilenceWishes {
  readonly silentUnknown?: number;
  readonly silentGone?: number;
  readonly silentRestart?: number;
}

const FLAGS = { unknownMs: '--silent-unknown', goneMs: '--silent-gone', restartMs: '--silent-restart' } as const;
const LEAST_MS = 1_000;
const MOST_MS = 7 * 24 * 3_600_000;

export function silenceOptions(): readonly Option[] {
  return [
    option(FLAGS.unknownMs, 'a node reads unknown when its agent has been silent for so long', SILENCE_BOUNDS.unknownMs),
    option(FLAGS.goneMs, 'a silent agent is ended after so long if its pool wants the node gone', SILENCE_BOUNDS.goneMs),
    option(FLAGS.restartMs, 'a silent agent is ended, and its node starts again, after so long', SILENCE_BOUNDS.restartMs),
  ];
}

function option(flag: string, description: string, defaultMs: number): Option {
  return new Option(`${flag} <time>`, `${description} (default: ${defaultMs / 1_000}s)`).argParser(timeBetween(LEAST_MS, MOST_MS, 'a time from 1s to 168h, like 45s, 3min or 1h'));
}

/**
 * The bounds that hold: those asked for, else those kept from before, else the defaults. Throws `CommandError` where a
 * later step would come before an earlier one.
 */
export function decideSilence(wishes: SilenceWishes, former: SilenceBounds = SILENCE_BOUNDS): SilenceBounds {
  const { silentUnknown: unknownMs = former.unknownMs, silentGone: goneMs = former.goneMs, silentRestart: restartMs = former.restartMs } = wishes;
  const bounds = { unknownMs, goneMs, restartMs };
  const steps = ['unknownMs', 'goneMs', 'restartMs'] as const;
  for (const [index, step] of steps.entries()) {
    const next = steps[index + 1];
    if (next === undefined || bounds[step] <= bounds[next]) continue;
    throw new CommandError(EXIT.usage, `${FLAGS[step]} (${bounds[step] / 1_000}s) may not be longer than ${FLAGS[next]} (${bounds[next] / 1_000}s)`);
  }
  return bounds;
}

export function silenceFlags(bounds: SilenceBounds): string[] {
  return (['unknownMs', 'goneMs', 'restartMs'] as const).flatMap((step) => [FLAGS[step], `${bounds[step]}ms`]);
}

export function sameSilence(one: SilenceBounds, other: SilenceBounds): boolean {
  return one.unknownMs === other.unknownMs && one.goneMs === other.goneMs && one.restartMs === other.restartMs;
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isSilence(value: unknown): value is SilenceBounds | undefined {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(FLAGS).every((name) => typeof Reflect.get(value, name) === 'number'));
}
