import { expect, test } from 'vitest';
import { resourceTypes } from '../../src/wire/management/operations.ts';
import { parseManagementVersion } from '../../src/wire/management/versions.ts';

test('every type of every provider says which versions have it, newest first, and each is one that is taken', () => {
  for (const [namespace, types] of resourceTypes()) {
    for (const [type, versions] of types) {
      expect(versions, `${namespace}/${type}`).not.toEqual([]);
      expect(versions, `${namespace}/${type}`).toEqual(versions.toSorted().toReversed());
      for (const text of versions) expect(parseManagementVersion(text).newer).toBe(false);
    }
  }
  const batch = resourceTypes().get('Microsoft.Batch');
  expect(batch?.get('batchAccounts')?.at(0)).toBe('2025-06-01');
  // The next version has none any more.
  expect(batch?.get('batchAccounts/certificates')?.at(0)).toBe('2024-07-01');
});
