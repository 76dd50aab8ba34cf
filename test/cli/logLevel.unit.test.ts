import { Command } from 'commander';
import { expect, test } from 'vitest';
import { isLogLevel, logLevelOption } from '../../src/cli/service/log/level.ts';

function read(...flags: string[]): unknown {
  return new Command().exitOverride().configureOutput({ writeErr: () => undefined }).addOption(logLevelOption()).parse(flags, { from: 'user' }).opts()['logLevel'];
}

test('a level of the log is one of four words, or is refused with all of them', () => {
  expect(['debug', 'info', 'warn', 'error'].map((level) => read('--log-level', level))).toEqual(['debug', 'info', 'warn', 'error']);
  for (const level of ['', 'DEBUG', 'trace', 'silent', '20']) expect(() => read(`--log-level=${level}`)).toThrow(/Allowed choices are debug, info, warn, error/);
  expect(read()).toBeUndefined();
  expect([undefined, 'warn', 'loud', 30].map(isLogLevel)).toEqual([true, true, false, false]);
});
