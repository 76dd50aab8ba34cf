import { expect, test } from 'vitest';
import { managementAuthority } from '../../../src/api/management/authentication.ts';
import { OPERATOR } from '../../../src/api/identity/wellKnown.ts';
import { IDENTITY } from '../support.ts';
import { SUBSCRIPTION } from './support.ts';

const GUID = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const ROOT = `/subscriptions/${SUBSCRIPTION}`;
const RESULTS = `${ROOT}/providers/Microsoft.Batch/locations/westeurope/accountOperationResults`;

// Deletions are polled below the subscription, where the role of a group gives nothing.
test.each([
  [`${ROOT}/operationresults/${GUID}`, true],
  [`${RESULTS}/mybatchaccount-${GUID}`, true],
  [`${ROOT}/providers/Microsoft.Storage/locations/westeurope/asyncoperations/${GUID}`, true],
  ['/subscriptions', true],
  [`${ROOT}/operationresults/x`, false],
  [`${RESULTS}/mybatchaccount-x`, false],
  [`${RESULTS}/${GUID}`, false],
  [`${ROOT}/resourceGroups/operationresults/${GUID}`, false],
  [`${ROOT}/resourceGroups`, false],
])('who has no role there asks %s: %s', async (path, permitted) => {
  const { permits } = managementAuthority({ tokens: IDENTITY.tokens, roles: { at: () => Promise.resolve([]) }, wallClock: () => 0 });
  expect(await permits(OPERATOR, 'Microsoft.Resources/subscriptions/operationresults/read', path)).toBe(permitted);
});
