import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LockHeldError, acquireLock } from '../../../src/cli/service/data/lock.ts';

const MODULE = pathToFileURL(join(import.meta.dirname, '../../../src/cli/service/data/lock.ts')).href;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process that says whether it got the lock, and holds it until its input ends. */
function contender(): { outcome: Promise<string>; end: () => Promise<unknown> } {
  const script = `
    const { acquireLock } = await import(${JSON.stringify(MODULE)});
    process.stdin.once('data', () => {
      try { acquireLock(${JSON.stringify(directory)}); console.log('taken'); } catch (error) { console.log(error.message); }
    });
    console.log('waiting');`;
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), '--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let said = '';
  const outcome = new Promise<string>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said === 'waiting\n') child.stdin.write('go\n');
      else if (said.split('\n').length === 3) resolve(said.split('\n')[1] ?? '');
    });
  });
  return {
    outcome,
    end: () => {
      child.stdin.end();
      child.kill('SIGKILL');
      return exited;
    },
  };
}

describe('the lock of a data directory', () => {
  test('is held by one of several that try at once, and given up by death alone', async () => {
    // The lock of a process that is long dead: its id may well be somebody else's now.
    writeFileSync(join(directory, 'lock-7'), JSON.stringify({ pid: process.pid, startTime: 'of somebody else' }));
    const contenders = Array.from({ length: 4 }, contender);
    const outcomes = await Promise.all(contenders.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'taken')).toHaveLength(1);
    expect(outcomes.filter((outcome) => /^process \d+ uses this data directory$/.test(outcome))).toHaveLength(3);
    expect(() => acquireLock(directory)).toThrow(LockHeldError);
    expect(readdirSync(directory)).toEqual(['lock-8']);
    await Promise.all(contenders.map(({ end }) => end()));
    acquireLock(directory);
    expect(readdirSync(directory)).toEqual(['lock-9']);
  });

  test('is not given to its holder twice', () => {
    acquireLock(directory);
    expect(() => acquireLock(directory)).toThrow(`process ${process.pid} uses this data directory`);
  });

  test('that was cut off while written by a crash of the machine is taken over', () => {
    writeFileSync(join(directory, 'lock-3'), '{"pid":');
    acquireLock(directory);
    expect(readdirSync(directory)).toEqual(['lock-4']);
  });
});
