import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { SILENCE_BOUNDS } from '../../src/control/silence.ts';
import { decideSilence, sameSilence, silenceFlags, silenceOptions, type SilenceWishes } from '../../src/cli/service/silenceOptions.ts';

function read(...flags: string[]): SilenceWishes {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  for (const option of silenceOptions()) command.addOption(option);
  return command.parse(flags, { from: 'user' }).opts();
}

describe('when agents that do not answer are given up', () => {
  test.each([
    ['45s', 45_000],
    ['3min', 180_000],
    ['3m', 180_000],
    ['1.5 h', 5_400_000],
    ['30000ms', 30_000],
  ])('is said as %s', (text, ms) => {
    expect(read('--silent-restart', text)).toEqual({ silentRestart: ms });
  });

  test.each(['', '30', '0s', '-5s', '500ms', '200h', '1e3s', 'soon', '5 weeks'])('is not said as %j', (text) => {
    expect(() => read(`--silent-unknown=${text}`)).toThrow(/a time from 1s to 168h/);
  });

  test('is what is asked for, else what held before, else the default', () => {
    expect(decideSilence({})).toEqual({ unknownMs: 30_000, goneMs: 60_000, restartMs: 180_000 });
    const former = decideSilence(read('--silent-unknown', '2s', '--silent-gone', '4s'));
    expect(decideSilence(read('--silent-gone', '5s'), former)).toEqual({ unknownMs: 2_000, goneMs: 5_000, restartMs: 180_000 });
    expect(sameSilence(decideSilence(read(...silenceFlags(former))), former)).toBe(true);
    expect(sameSilence(former, SILENCE_BOUNDS)).toBe(false);
  });

  test('comes step by step', () => {
    expect(() => decideSilence(read('--silent-gone', '10s'))).toThrow('--silent-unknown (30s) may not be longer than --silent-gone (10s)');
    expect(() => decideSilence(read('--silent-restart', '50s'))).toThrow('--silent-gone (60s) may not be longer than --silent-restart (50s)');
  });
});
