import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startNode } from './testNode.ts';

describe('the watchdog of an agent', () => {
  let directory: string;
  let child: ChildProcess;
  let said: (from: 'stdout' | 'stderr') => Promise<string>;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-watchdog-'));
    child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), fileURLToPath(new URL('holding.ts', import.meta.url))], { stdio: ['pipe', 'pipe', 'pipe'] });
    const lines = { stdout: linesOf(child.stdout), stderr: linesOf(child.stderr) };
    said = async (from) => {
      const { value } = await lines[from].next();
      return String(value);
    };
    expect(await said('stdout')).toBe('ready');
  });
  afterEach(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });
  const hold = async (activity: string): Promise<string> => {
    const gate = join(directory, activity);
    child.stdin?.write(`${activity}\t${gate}\n`);
    expect(await said('stdout')).toBe('holding');
    return gate;
  };
  const TIME = String.raw`^\d{4}-\d\d-\d\dT[\d:.]+Z `;

  test('says what holds its event loop while it does, and for how long when it is over', async () => {
    const gate = await hold('matching file patterns');
    expect(await said('stderr')).toMatch(new RegExp(`${TIME}the event loop has been held for more than 2\\.0 s and still is, by matching file patterns$`));
    writeFileSync(gate, '');
    expect(await said('stderr')).toMatch(new RegExp(`${TIME}the event loop was held for \\d+\\.\\d s, by matching file patterns$`));
    const next = await hold('looking at processes');
    expect(await said('stderr'), 'each hold anew').toMatch(/still is, by looking at processes$/);
    writeFileSync(next, '');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    expect(await exited, 'it keeps nothing alive').toBe(0);
  });

  test.runIf(process.platform === 'linux')('says nothing of a process that was stopped', async () => {
    const gate = await hold('looking at processes');
    child.kill('SIGSTOP');
    await expect.poll(() => /\) (\w)/.exec(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))?.[1]).toBe('T');
    writeFileSync(gate, '');
    // Far longer than what would be a hold; no event tells that a process has done nothing.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    child.kill('SIGCONT');
    // What it says first is of the hold that follows.
    await hold('listing files');
    expect(await said('stderr')).toMatch(/still is, by listing files$/);
  });
});

test.runIf(process.platform === 'linux')('an agent has a watchdog from the first thing on that it is asked for', async () => {
  const node = await startNode();
  try {
    await node.owner.until('ready', () => node.owner.reports.find(({ kind }) => kind === 'ready'));
    const threads = (): number => readdirSync(`/proc/${node.agent.pid}/task`).length;
    const before = threads();
    await node.owner.run({ commandLine: '/bin/true' });
    await expect.poll(threads, { timeout: 30_000 }).toBe(before + 1);
  } finally {
    await node.close();
  }
});

async function* linesOf(stream: NodeJS.ReadableStream | null): AsyncGenerator<string, undefined> {
  if (stream !== null) yield* createInterface({ input: stream });
}
