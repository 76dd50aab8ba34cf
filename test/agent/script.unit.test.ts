import { describe, expect, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PERL, launchMessage, scriptOf } from '../../src/agent/script.ts';

const SCRIPT_PATH = '/nodes/1/state/slots/slot-1';

describe('variables whose names a shell refuses', () => {
  test.runIf(existsSync(PERL))('reach the program and no argument of any process (needs perl)', () => {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-test-'));
    const environment = new Map([['DB-PASSWORD', "se'cret\nline"], ['ENV', '/nowhere'], ['PLAIN', 'x'], ['LC_ALL', 'none']]);
    const script = scriptOf({ program: '/usr/bin/env', args: ['-0'], environment, workingDirectory: directory, stdout: join(directory, 'out'), stderr: join(directory, 'err') });
    expect(script).not.toContain('secret');
    expect(script).not.toContain("se'");
    execFileSync('/bin/sh', ['-c', script], { env: {} });
    const seen = readFileSync(join(directory, 'out'), 'utf8').split('\0');
    expect(seen).toEqual(expect.arrayContaining(["DB-PASSWORD=se'cret\nline", 'ENV=/nowhere', 'PLAIN=x', 'LC_ALL=none']));
    expect(readFileSync(join(directory, 'err'), 'utf8')).toBe('');
    rmSync(directory, { recursive: true });
  });
});

describe('what the shell says of a program that it cannot start', () => {
  test.each([
    ['dash', 'linarite-slot: 1: exec: /wd/run: not found\n', '/wd/run: not found'],
    ['dash', "linarite-slot: 1: cd: can't cd to /wd\n", "cd: can't cd to /wd"],
    ['bash', `${SCRIPT_PATH}: line 1: /wd/run: cannot execute: required file not found\n`, '/wd/run: cannot execute: required file not found'],
    ['bash, in two lines,', `${SCRIPT_PATH}: line 1: /bin/true: Argument list too long\n${SCRIPT_PATH}: line 1: /bin/true: Success\n`, '/bin/true: Argument list too long'],
  ])('is known from %s: %j', (_shell, stderr, message) => {
    expect(launchMessage(stderr, SCRIPT_PATH)).toBe(message);
  });

  test.each(['', 'sh: 1: run: not found\n', 'linarite-slot: 1: x\nof the program\n', `the program says ${SCRIPT_PATH}: line 1: x\n`])('is not %j', (stderr) => {
    expect(launchMessage(stderr, SCRIPT_PATH)).toBeNull();
  });
});
