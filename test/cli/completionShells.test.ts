import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCRIPTS } from '../../src/cli/completion/scripts.ts';
import { run } from '../support/linarite.ts';

/** Completion in shells that run, at a terminal where they need one. */

/** What `linarite complete` offers for a word; one of them is what no shell may run. */
const OFFERED = ['nightly:job-1', 'nightly:job-22', 'weekly:job-1', 'plain', 'a=b', '$(touch ran)'];
const TAB = '\t';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-completion-'));
  const program = `#!/bin/sh
case $1 in
  complete) printf '%s\\n' "$@" >'${join(directory, 'asked')}'; printf '%s\\n' ${OFFERED.map((word) => `'${word}'`).join(' ')} ;;
  *) printf '%s\\n' "$@" >'${join(directory, 'called')}' ;;
esac
`;
  writeFileSync(join(directory, 'linarite'), program);
  chmodSync(join(directory, 'linarite'), 0o755);
  for (const [shell, script] of Object.entries(SCRIPTS)) writeFileSync(join(directory, shell), script);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function env(): NodeJS.ProcessEnv {
  return { PATH: `${directory}:${process.env['PATH'] ?? ''}`, HOME: directory, TERM: 'dumb' };
}
/** Words of the last call, and of the last question for what may come next. */
function words(name: 'asked' | 'called'): readonly string[] {
  const path = join(directory, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

describe.runIf(process.platform === 'linux' && existsSync('/usr/bin/script') && existsSync('/bin/bash'))('bash at a terminal', () => {
  /** Types a line, and returns the words that the program was called with. */
  async function typed(line: string): Promise<readonly string[]> {
    rmSync(join(directory, 'called'), { force: true });
    const input = `. ${join(directory, 'bash')}\n${line}\nexit\n`;
    const { stdout } = await run('/usr/bin/script', ['-qec', '/bin/bash --norc --noprofile -i', '/dev/null'], { cwd: directory, env: env(), input });
    expect(existsSync(join(directory, 'called')), stdout).toBe(true);
    return words('called');
  }

  test('completes a word to what alone begins so', async () => {
    expect(await typed(`linarite task show pl${TAB}`)).toEqual(['task', 'show', 'plain']);
    expect(words('asked')).toEqual(['complete', '--', 'task', 'show', 'pl']);
  });

  test.each([
    ['before its colon', 'wee', 'weekly:job-1'],
    ['at its colon', 'weekly:', 'weekly:job-1'],
    ['after its colon', 'nightly:job-2', 'nightly:job-22'],
    ['as far as several are alike', 'ni', 'nightly:job-'],
    ['with an equals sign', 'a=', 'a=b'],
  ])('completes an id %s', async (_what, begun, whole) => {
    expect(await typed(`linarite job show ${begun}${TAB}`)).toEqual(['job', 'show', whole]);
    expect(words('asked')).toEqual(['complete', '--', 'job', 'show', begun]);
  });

  test('asks with ids whole that stand before the word', async () => {
    expect(await typed(`linarite task show nightly:job-1 --query a=b pl${TAB}`)).toEqual(['task', 'show', 'nightly:job-1', '--query', 'a=b', 'plain']);
    expect(words('asked')).toEqual(['complete', '--', 'task', 'show', 'nightly:job-1', '--query', 'a=b', 'pl']);
  });

  test('runs nothing of what is offered', async () => {
    await typed(`linarite job show pl${TAB}`);
    expect(existsSync(join(directory, 'ran'))).toBe(false);
  });
});

describe.runIf(existsSync('/usr/bin/fish'))('fish', () => {
  test('offers what begins as the word does', async () => {
    const { stdout } = await run('/usr/bin/fish', ['--no-config', '-c', `source ${join(directory, 'fish')}; complete -C 'linarite task show nightly:job-1 pl'`], { cwd: directory, env: env() });
    expect(stdout.trim()).toBe('plain');
    expect(words('asked')).toEqual(['complete', '--', 'task', 'show', 'nightly:job-1', 'pl']);
  });
});

describe.runIf(process.platform === 'linux' && existsSync('/usr/bin/script') && existsSync('/usr/bin/zsh'))('zsh at a terminal', () => {
  test.each([['pl', 'plain'], ['wee', 'weekly:job-1'], ['weekly:', 'weekly:job-1']])('completes %s', async (begun, whole) => {
    rmSync(join(directory, 'called'), { force: true });
    const input = `autoload -Uz compinit && compinit -D -u\n. ${join(directory, 'zsh')}\nlinarite task show ${begun}${TAB}\nexit\n`;
    const { stdout } = await run('/usr/bin/script', ['-qec', '/usr/bin/zsh -f -i', '/dev/null'], { cwd: directory, env: env(), input });
    expect(words('called'), stdout).toEqual(['task', 'show', whole]);
  });
});
