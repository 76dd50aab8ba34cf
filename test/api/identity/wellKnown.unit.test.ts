import { expect, it } from 'vitest';
import { DEFAULT_SUBSCRIPTION_ID, OPERATOR, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

it('the tenant, the subscription and the operator have GUIDs of their own, as clients demand', () => {
  const ids = [TENANT_ID, DEFAULT_SUBSCRIPTION_ID, OPERATOR.objectId, OPERATOR.appId];
  for (const id of ids) expect(id).toMatch(GUID);
  expect(new Set(ids).size).toBe(ids.length);
});
