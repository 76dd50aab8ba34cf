import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { maxJobTimeFlags, maxJobTimeOption } from '../../src/cli/service/maxJobTime.ts';

function read(...flags: string[]): unknown {
  return new Command().exitOverride().configureOutput({ writeErr: () => undefined }).addOption(maxJobTimeOption()).parse(flags, { from: 'user' }).opts()['maxJobTime'];
}

describe('--max-job-time', () => {
  test.each([['90s', 90_000], ['30min', 1_800_000], ['1.5h', 5_400_000], ['7d', 604_800_000]])('%s is a time', (text, ms) => {
    expect(read('--max-job-time', text)).toBe(ms);
  });

  test.each(['0s', '12', 'h', '-1h', '1 week', '4000d'])('%s is none', (text) => {
    expect(() => read('--max-job-time', text)).toThrow('a time from 1s to 3650d');
  });

  test('is said to the next process as it was understood', () => {
    expect(read(...maxJobTimeFlags(5_400_000))).toBe(5_400_000);
    expect(maxJobTimeFlags(undefined)).toEqual([]);
  });
});
