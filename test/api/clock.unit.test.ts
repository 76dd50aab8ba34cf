import { expect, test } from 'vitest';
import type { Parts } from '../../src/api/call.ts';
import type { OwnCall } from '../../src/api/own/call.ts';
import { matchOwnOperation } from '../../src/api/own/operations.ts';
import type { Advanced, SettableClock } from '../../src/ports.ts';
import { BatchError } from '../../src/wire/errors.ts';

const DAY_MS = 86_400_000;

/** What `POST /linarite/clock/advance` answers to a client at an address. */
async function advanced(address: string, { by = 'P1D', offsetMs = 0, answer = { kind: 'done', steps: 1 } as Advanced } = {}): Promise<string> {
  const call = { remoteAddress: address, signal: new AbortController().signal, json: () => Promise.resolve({ by }) } as unknown as OwnCall;
  const settableClock: SettableClock = { now: () => 0, offsetMs, advance: () => Promise.resolve(answer) };
  const parts = { settableClock, clock: () => 0, timeout: () => new AbortController().signal } as unknown as Parts;
  try {
    const { status } = (await matchOwnOperation('POST', '/linarite/clock/advance')?.operation.run(call, parts)) ?? { status: 0 };
    return String(status);
  } catch (error) {
    if (!(error instanceof BatchError)) throw error;
    return `${error.status} ${error.code} ${error.values.map(({ key, value }) => `${key}: ${value}`).join(' ')}`;
  }
}

test.each(['127.0.0.1', '127.3.4.5', '::1', '::ffff:127.0.0.1'])('a client at %s sets the clock', async (address) => {
  expect(await advanced(address)).toBe('200');
});

test.each(['192.168.1.7', '::ffff:10.0.0.1', 'fe80::1', '128.127.0.1', ''])('one at %s does not', async (address) => {
  expect(await advanced(address)).toContain('403 InsufficientAccountPermissions');
});

test('what has not come to its end says how far it came, what is left and what it waits for', async () => {
  const answer = { kind: 'interrupted', steps: 3, leftMs: DAY_MS, underWay: [{ kind: 'task', name: 'a', mayGoOn: true }, { kind: 'node', name: 'b', mayGoOn: false }] } as const;
  expect(await advanced('::1', { answer })).toMatch(/409 OperationInvalidForCurrentState Reason: After 3 steps no more of it was waited for: it waits for 1 task and 1 node on its way\..* Time: 1970-01-01T00:00:00Z Left: P1D$/);
});

test('the clock is never further ahead than a hundred years', async () => {
  expect(await advanced('::1', { offsetMs: 36_499 * DAY_MS, by: 'P1D' })).toBe('200');
  expect(await advanced('::1', { offsetMs: 36_499 * DAY_MS, by: 'P2D' })).toContain('400 InvalidPropertyValue');
});
