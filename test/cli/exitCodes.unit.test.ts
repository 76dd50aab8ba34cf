import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/cli/errors.ts';

test('every exit code of a command stands in the table of the page on the command line', () => {
  const [, table = ''] = readFileSync(join(import.meta.dirname, '../../docs/cli.md'), 'utf8').split('## Exit codes');
  const codes = [...table.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(codes).toEqual(Object.values(EXIT));
});
