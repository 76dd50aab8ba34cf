/**
 * Our own operations on the clock of a service whose users set it (docs/clock.md).
 */
import { counted } from '../../base/words.ts';
import type { Instant } from '../../core/keys.ts';
import type { UnderWay } from '../../core/underWay.ts';
import type { SettableClock } from '../../ports.ts';
import { formatDuration, parseDuration } from '../../wire/durations.ts';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { formatTimestamp, parseTimestamp } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';
import type { Parts } from '../call.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json, objectOf } from './json.ts';

/** The most that one request lets pass, and how far the clock may be ahead in all. */
const MOST_MS = 3_650 * 86_400_000;
const MOST_AHEAD_MS = 10 * MOST_MS;
/** How long a request may take in real time: clients wait five minutes for an answer (`fetch` of Node.js). */
const LONGEST_MS = 4 * 60_000;
/** And how long one step of it. */
const STEP_TIMEOUT_MS = 60_000;
/** From then on until the answer. */
const ANSWER_MARGIN_MS = 5_000;

export const clockOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/clock', right: 'read', of: 'account', run: show },
  { method: 'POST', path: '/linarite/clock/advance', right: 'write', of: 'account', body: true, timeoutMs: LONGEST_MS + ANSWER_MARGIN_MS, run: advance },
];

async function show(_call: OwnCall, { settableClock, clock }: Parts): Promise<Answer> {
  return json(200, settableClock === null ? { kind: 'real', time: formatTimestamp(clock()) } : shown(settableClock));
}

function shown(clock: SettableClock): object {
  return { kind: 'virtual', time: formatTimestamp(clock.now()), offset: formatDuration(clock.offsetMs) };
}

/** Only from the machine of the service. */
async function advance(call: OwnCall, { settableClock, timeout }: Parts): Promise<Answer> {
  if (!isLoopback(call.remoteAddress)) throw new BatchError('InsufficientAccountPermissions', [{ key: 'Reason', value: 'The clock is set from the machine of the service alone.' }]);
  if (settableClock === null) throw refused('The clock of this service is the real one, which nobody sets. One that users set belongs to a data directory that was made with it: linarite up --clock virtual.');
  const { byMs, withRunning, timeoutMs } = readAdvance(await call.json(), settableClock);
  const advanced = await settableClock.advance({ byMs, withRunning, patience: () => timeout(timeoutMs) }, AbortSignal.any([call.signal, timeout(LONGEST_MS)]));
  switch (advanced.kind) {
    case 'done':
      return json(200, { ...shown(settableClock), steps: advanced.steps });
    case 'running':
      throw refused(`${counted(advanced.tasks, 'task')} run or are about to, and would see nothing of the time that passes. Wait for them, or say withRunning: then their wall clocks pass as well.`);
    case 'busy':
      throw refused('Somebody else lets time pass now.');
    case 'interrupted':
      throw refused(`After ${counted(advanced.steps, 'step')} no more of it was waited for: ${waitedFor(advanced.underWay)}. The rest can be asked for again.`, { Time: formatTimestamp(settableClock.now()), Left: formatDuration(advanced.leftMs) });
  }
}

/** Addresses as sockets have them; those of IPv4 may be written as of IPv6. */
function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127\./.test(address);
}

function refused(reason: string, values: Readonly<Record<string, string>> = {}): BatchError {
  return new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: reason }, ...Object.entries(values).map(([key, value]) => ({ key, value }))]);
}

const WORDS = { task: 'task', jobTask: 'preparation or release task', node: 'node on its way' } as const satisfies Record<UnderWay['kind'], string>;

function waitedFor(underWay: readonly UnderWay[]): string {
  const kinds = Object.entries(WORDS).flatMap(([kind, word]) => {
    const count = underWay.filter((one) => one.kind === kind).length;
    return count === 0 ? [] : [counted(count, word)];
  });
  return kinds.length === 0 ? 'there is more to decide than fits into one request' : `it waits for ${kinds.join(' and ')}`;
}

const PROPERTIES = ['by', 'to', 'withRunning', 'timeout'];

/** `{by | to, withRunning?, timeout?}`. */
function readAdvance(body: unknown, clock: SettableClock): { readonly byMs: number; readonly withRunning: boolean; readonly timeoutMs: number } {
  const given = objectOf(body, 'the body');
  const unknown = Object.keys(given).find((name) => !PROPERTIES.includes(name));
  if (unknown !== undefined) throw invalidProperty(unknown, given[unknown], 'There is no such property.');
  const { by, to, withRunning = false, timeout } = given;
  if (by === undefined && to === undefined) throw invalidProperty('by', undefined, BY_FORM, 'MissingRequiredProperty');
  if (by !== undefined && to !== undefined) throw invalidProperty('to', to, 'Only one of by and to can be given.');
  if (typeof withRunning !== 'boolean') throw invalidProperty('withRunning', withRunning, 'The value must be true or false.');
  const byMs = to === undefined ? readDuration('by', by, MOST_MS, BY_FORM) : readInstant(to, clock.now());
  const mostMs = Math.min(MOST_MS, MOST_AHEAD_MS - clock.offsetMs);
  if (byMs > mostMs) throw invalidProperty(to === undefined ? 'by' : 'to', to ?? by, `The clock is ${formatDuration(clock.offsetMs)} ahead, and can be ${formatDuration(MOST_AHEAD_MS)} at most, in steps of at most ${formatDuration(MOST_MS)}.`);
  return { byMs, withRunning, timeoutMs: timeout === undefined ? STEP_TIMEOUT_MS : readDuration('timeout', timeout, LONGEST_MS, `The value must be a duration of more than nothing and at most ${formatDuration(LONGEST_MS)}.`) };
}

const BY_FORM = `The value must be a duration of more than nothing and at most ${formatDuration(MOST_MS)}, like P7D.`;

function readDuration(name: string, value: unknown, mostMs: number, form: string): number {
  const ms = typeof value === 'string' ? parseDuration(value) : undefined;
  if (ms !== undefined && ms > 0 && ms <= mostMs) return ms;
  throw invalidProperty(name, value, form);
}

function readInstant(value: unknown, now: Instant): number {
  const at = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (at === undefined) throw invalidProperty('to', value, 'The value must be a time like 2030-01-31T00:00:00Z.');
  if (at <= now) throw invalidProperty('to', value, `The time never goes back: it is ${formatTimestamp(now)} by now.`);
  return at - now;
}
