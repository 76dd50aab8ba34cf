import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KINDS } from '../../src/core/transitions/transition.ts';

test('the page on events has each kind, and when there is one', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/events.md'), 'utf8');
  const kinds = [...page.matchAll(/^\| `(\w+\.\w+)` \| (.*) \|$/gm)].map(([, kind, when]) => [kind, when]);
  expect(kinds).toEqual(Object.entries(KINDS));
});
