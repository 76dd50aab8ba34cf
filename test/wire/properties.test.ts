import { describe, expect, test } from 'vitest';
import { handlers } from '../../src/api/data/handlers.ts';
import { dataContract } from '../../src/wire/dataContract.ts';
import { acceptedNotEnforced, REFUSED } from '../../src/wire/accepted.ts';
import { fatesOf, shapesWithin } from '../../src/wire/fates.ts';
import { HONOURED } from '../../src/wire/honoured.ts';
import { operations } from '../../src/wire/operations.ts';

const reachable = shapesWithin(operations.flatMap(({ id, body }) => (body !== undefined && handlers[id] !== undefined ? [body] : [])));

describe('nothing asked for is silently ignored', () => {
  test.each(reachable)('every property of %s is honoured, refused, or accepted for a reason: one of them', (shape) => {
    for (const [name, row] of dataContract.rowsOf(shape)) {
      if (row.readOnly === true) continue;
      expect(fatesOf(shape, name), `${shape}.${name}`).toHaveLength(1);
    }
  });

  const rows = Object.entries(HONOURED).flatMap(([shape, byFolder]) =>
    Object.values(byFolder).flatMap((names) => names.split(' ').map((name) => `${shape}.${name}`)),
  );

  test.each([...rows, ...Object.keys(REFUSED), ...Object.keys(acceptedNotEnforced)])('%s is something that a served operation can be sent', (path) => {
    const [shape = '', name = ''] = path.split('.');
    if (!dataContract.isShape(shape)) throw new Error(`there is no shape ${shape}`);
    expect(reachable).toContain(shape);
    expect(dataContract.rowsOf(shape).map(([known]) => known)).toContain(name);
  });
});
