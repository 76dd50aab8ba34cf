import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { autoScaleFlags, autoScaleOption } from '../../src/cli/service/autoScale.ts';

function read(...flags: readonly string[]): unknown {
  return new Command().exitOverride().configureOutput({ writeErr: () => undefined }).addOption(autoScaleOption()).parse(flags, { from: 'user' }).opts()['autoscaleMinInterval'];
}

describe('how often formulas may run, as an operator allows', () => {
  test.each([
    ['5s', 5_000],
    ['1min', 60_000],
    ['7d', 604_800_000],
  ])('%s', (text, ms) => {
    expect(read('--autoscale-min-interval', text)).toBe(ms);
  });

  test.each(['0s', '999ms', '8d', 'often', ''])('is not %s', (text) => {
    expect(() => read('--autoscale-min-interval', text)).toThrow('a time from 1s to 7d');
  });

  test('is told to the process in the background as it was given', () => {
    expect(read(...autoScaleFlags(2_500))).toBe(2_500);
    expect(autoScaleFlags(undefined)).toEqual([]);
  });
});
