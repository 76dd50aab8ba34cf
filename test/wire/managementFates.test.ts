import { describe, expect, test } from 'vitest';
import { managementContract } from '../../src/wire/management/contract.ts';
import { managementFatesOf, managementShapesWithin } from '../../src/wire/management/fates.ts';
import { MANAGEMENT_ROWS, type ManagementRow } from '../../src/wire/management/operations.ts';

const ROWS: readonly ManagementRow[] = MANAGEMENT_ROWS;
const reachable = managementShapesWithin(ROWS.flatMap(({ shape }) => (shape === undefined ? [] : [shape])));

describe('nothing that Resource Manager is asked for is silently ignored', () => {
  test.each(reachable)('every property of %s is honoured, refused, kept for a reason, or what answers alone have: one of them', (shape) => {
    for (const [name] of managementContract.rowsOf(shape)) expect(managementFatesOf(shape, name), `${shape}.${name}`).toHaveLength(1);
  });

  test('every operation that reads a body says as what', () => {
    const without = ROWS.filter(({ id, body, shape }) => body === 'required' && shape === undefined && !id.startsWith('Deployments_'));
    expect(without.map(({ id }) => id)).toEqual([]);
  });
});
