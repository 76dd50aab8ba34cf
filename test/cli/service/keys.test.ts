import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { provideKeys, usesWellKnownKeys } from '../../../src/cli/service/data/keys.ts';
import { isLoopback } from '../../../src/processes/machine.ts';
import { keyLimits } from '../../../src/cli/service/process/limits.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-keys-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('keys', () => {
  test.each([
    { isRoot: false, host: '127.0.0.1', insist: false, wellKnown: true },
    { isRoot: false, host: '::1', insist: false, wellKnown: true },
    { isRoot: false, host: '0.0.0.0', insist: false, wellKnown: false },
    { isRoot: false, host: '192.0.2.1', insist: true, wellKnown: true },
    { isRoot: true, host: '127.0.0.1', insist: false, wellKnown: false },
    { isRoot: true, host: '127.0.0.1', insist: true, wellKnown: true },
  ])('as root: $isRoot, listening on $host, insisting: $insist; well known: $wellKnown', ({ isRoot, host, insist, wellKnown }) => {
    expect(usesWellKnownKeys({ host, insist }, isRoot)).toBe(wellKnown);
  });

  test('random ones are as long as real ones, kept, and different for each account', () => {
    const keys = provideKeys(directory, false);
    expect(Buffer.from(keys.batch.key, 'base64')).toHaveLength(64);
    expect(keys.batch.key).not.toBe(keys.storage.key);
    expect(provideKeys(directory, false)).toEqual(keys);
    expect(statSync(join(directory, 'batch')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(directory, 'batch'), 'utf8').trim()).toBe(keys.batch.key);
  });

  test('well-known ones are as long as real ones; what nodes show stays secret', () => {
    const [here, there] = [provideKeys(directory, true), provideKeys(directory, true)];
    expect(Buffer.from(here.batch.key, 'base64')).toHaveLength(64);
    expect(Buffer.from(here.storage.key, 'base64')).toHaveLength(64);
    expect(here.nodeSecret).toEqual(there.nodeSecret);
    expect(Buffer.from(here.nodeSecret).toString('base64')).not.toBe(here.batch.key);
  });

  test.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('%s is loopback', (host) => expect(isLoopback(host)).toBe(true));
  test.each(['0.0.0.0', '::', '10.0.0.1', '127.example.com', 'example.com'])('%s is not', (host) => expect(isLoopback(host)).toBe(false));
});

describe('status tells of --well-known-key', () => {
  test('what it gives away as root and beyond this machine, and nothing where the keys are well known anyway', () => {
    expect(keyLimits({ host: '127.0.0.1', wellKnownKey: true }, true)).toEqual([
      'no protection by keys, as --well-known-key asks: every user of this machine can use the service, and become root by a task with administrator rights',
    ]);
    expect(keyLimits({ host: '0.0.0.0', wellKnownKey: true }, false)).toEqual(['no protection by keys, as --well-known-key asks: whoever reaches 0.0.0.0 can use the service']);
    expect(keyLimits({ host: '127.0.0.1', wellKnownKey: true }, false)).toEqual([]);
    expect(keyLimits({ host: '127.0.0.1', wellKnownKey: false }, true)).toEqual([]);
  });
});
