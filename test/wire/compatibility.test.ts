import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { compatibilityFile, generateCompatibility } from '../../scripts/generate-compatibility.ts';

test('docs/compatibility.md says what the tables say (else: node --import tsx scripts/generate-compatibility.ts)', () => {
  const committed = readFileSync(compatibilityFile, 'utf8');
  expect(generateCompatibility(committed)).toBe(committed);
});
