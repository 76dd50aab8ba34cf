import { describe, expect, test } from 'vitest';
import { launchMessage } from '../../src/agent/script.ts';

const scriptPath = '/nodes/1/state/slots/slot-1';

describe('what the shell says of a program that it cannot start', () => {
  test.each([
    ['dash', 'linarite-slot: 1: exec: /wd/run: not found\n', '/wd/run: not found'],
    ['dash', "linarite-slot: 1: cd: can't cd to /wd\n", "cd: can't cd to /wd"],
    ['bash', `${scriptPath}: line 1: /wd/run: cannot execute: required file not found\n`, '/wd/run: cannot execute: required file not found'],
    ['bash, in two lines,', `${scriptPath}: line 1: /bin/true: Argument list too long\n${scriptPath}: line 1: /bin/true: Success\n`, '/bin/true: Argument list too long'],
  ])('is known from %s: %j', (_shell, stderr, message) => {
    expect(launchMessage(stderr, scriptPath)).toBe(message);
  });

  test.each(['', 'sh: 1: run: not found\n', 'linarite-slot: 1: x\nof the program\n', `the program says ${scriptPath}: line 1: x\n`])('is not %j', (stderr) => {
    expect(launchMessage(stderr, scriptPath)).toBeNull();
  });
});
