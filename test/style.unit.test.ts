import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

// What the linter has no rule for.
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SOURCES = execFileSync('git', ['ls-files', 'src', 'test', 'bench', 'examples', 'scripts'], { cwd: ROOT, encoding: 'utf8' }).split('\n')
  .filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.includes('.generated.'));
const COMMENT_COLUMNS = 120;

describe('Each source file', () => {
  it('declares its named functions with `function`; only those that take a type of function are arrows', () => {
    expect(linesOf((line) => /^(export )?const \w+ = (async )?(<[^=]*>)?(\w+|\([^()]*(\([^()]*\)[^()]*)*\))(: [^=]+)? =>/.test(line))).toEqual([]);
  });

  it(`has no comment beyond ${COMMENT_COLUMNS} columns`, () => {
    expect(linesOf((line) => line.length > COMMENT_COLUMNS && /^\s*(\/\/|\/?\*)/.test(line) && !line.includes('oxlint-disable'))).toEqual([]);
  });

  // CONTRIBUTING.md has the verbs. These would be second names: of ingest, enqueue, forget, wake.
  it('in control names an act with the one verb that it has', () => {
    expect(linesOf((line, file) => file.startsWith('src/control/') && /^\s*(export )?(async )?(function )?#?(take|hold|drop|kick)([A-Z]\w*)?\(.*\{$/.test(line))).toEqual([]);
  });
});

function linesOf(isWanted: (line: string, file: string) => boolean): string[] {
  return SOURCES.flatMap((file) => readFileSync(`${ROOT}/${file}`, 'utf8').split('\n')
    .flatMap((line, index) => (isWanted(line, file) ? [`${file}:${index + 1}: ${line}`] : [])));
}
