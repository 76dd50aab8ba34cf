import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { EXIT_CODE, smallProgram } from '../../src/agent/containers/smallProgram.ts';

const directory = mkdtempSync(join(tmpdir(), 'linarite-small-'));
afterAll(() => rmSync(directory, { recursive: true }));
const runs = platform() === 'linux' && smallProgram('exit') !== null;

describe('a program of some hundred bytes', () => {
  test('is an ELF file for the processors that we know, and there is none for others', () => {
    for (const processor of ['x64', 'arm64']) expect(smallProgram('hold', processor)?.subarray(0, 4)).toEqual(Buffer.from('\x7fELF', 'latin1'));
    expect(smallProgram('hold', 'riscv64')).toBeNull();
  });

  test.runIf(runs)(`exits, or goes on and has no zombies (on ${arch()})`, async () => {
    const made = (which: 'exit' | 'hold'): string => {
      const path = join(directory, which);
      writeFileSync(path, smallProgram(which) ?? '', { mode: 0o755 });
      return path;
    };
    expect(spawnSync(made('exit')).status).toBe(EXIT_CODE);
    // Its child ends once it has begun to ignore such ends.
    const holding = spawn('/bin/sh', ['-c', `exec 3<&0; (read end <&3) & exec ${made('hold')}`], { stdio: ['pipe', 'ignore', 'inherit'] });
    try {
      const children = (): string => readFileSync(`/proc/${holding.pid}/task/${holding.pid}/children`, 'utf8');
      const isHolding = (): boolean => readFileSync(`/proc/${holding.pid}/comm`, 'utf8') === 'hold\n' && readFileSync(`/proc/${holding.pid}/stat`, 'utf8').includes(') S ');
      while (!isHolding()) await new Promise(setImmediate);
      holding.stdin.end('\n');
      while (children() !== '') await new Promise(setImmediate);
      expect(holding.exitCode).toBeNull();
    } finally {
      holding.kill('SIGKILL');
    }
    // With words it becomes a program, whose output is what it has as further descriptors.
    const became = spawnSync(join(directory, 'hold'), ['/bin/sh', '-c', 'echo "$0 $WORD"; echo wrong >&2; exit 7', 'a b'], { env: { WORD: 'c' }, stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'], encoding: 'utf8' });
    expect([became.status, ...became.output]).toEqual([7, null, '', '', 'a b c\n', 'wrong\n']);
    expect(spawnSync(join(directory, 'hold'), ['/no/such/program'], { stdio: 'ignore' }).status).toBe(126);
  });
});
