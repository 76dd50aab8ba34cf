import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OWN_OPERATIONS } from '../../../src/api/own/operations.ts';

test('the page on our own operations has a line for each, with the right that it needs', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/own-operations.md'), 'utf8');
  const lines = [...page.matchAll(/^\| `((?:GET|POST|PUT|PATCH|DELETE) \/linarite\/\S+)` \| (\w+) \|/gm)].map(([, operation, right]) => `${operation} ${right}`);
  expect(lines.toSorted()).toEqual(OWN_OPERATIONS.map(({ method, path, right }) => `${method} ${path} ${right}`).toSorted());
});
