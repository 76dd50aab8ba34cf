import { describe, expect, test } from 'vitest';
import { createContract } from '../../src/wire/contract/contract.ts';
import { dataContract } from '../../src/wire/dataContract.ts';
import { BatchError } from '../../src/wire/errors.ts';
import { NEWEST_API_VERSION, parseApiVersion } from '../../src/wire/versions.ts';
import { codeOf, errorOf, valuesOf } from './fixtures.ts';

interface Shapes {
  readonly Pool: { readonly name: string; readonly colour?: string | undefined; readonly parts?: readonly Shapes['Part'][] | undefined };
  readonly Part: { readonly key: string; readonly size?: number | undefined };
}

/** A plane of its own, with a shape that the data plane calls the same. */
const contract = createContract<Shapes>({
  typeNamespace: 'Example.Types',
  shapes: {
    Pool: { name: { type: 'string', required: true }, colour: { type: 'Colour' }, parts: { type: 'Part', list: true } },
    Part: { key: { type: 'string', required: true, secret: true }, size: { type: 'int32', formerly: { name: 'length', until: 16 } } },
  },
  enums: { Colour: ['red', 'ultraviolet'] },
  youngValues: { Colour: { ultraviolet: { since: 25, before: 'red' } } },
  rules: {
    Pool: [
      {
        name: 'no red thing is called blue',
        source: 'this test',
        check: (body) => {
          if ('colour' in body && body.colour === 'red' && 'name' in body && body.name === 'blue') throw new BatchError('InvalidInput');
        },
      },
    ],
  },
  refused: { 'Part.size': { reason: 'Sizes are not available yet.' } },
});
const old = parseApiVersion('2017-05-01.5.0');
const POOL = { name: 'a', colour: 'ultraviolet', parts: [{ key: 'k', size: 1 }] };

describe('a contract', () => {
  test('reads by its own shapes and enums', () => {
    expect(contract.readBody('Pool', NEWEST_API_VERSION, { colour: 'RED', name: 'a' })).toEqual({ name: 'a', colour: 'red' });
    expect(valuesOf(errorOf(() => contract.readBody('Pool', NEWEST_API_VERSION, { name: 'a', id: 'a' })))['Reason']).toContain("type 'Example.Types.Pool'");
    expect(codeOf(() => dataContract.readBody('PoolAdd', NEWEST_API_VERSION, { name: 'a' }))).toBe('InvalidRequestBody');
  });

  test('holds its own rules and refusals', () => {
    expect(codeOf(() => contract.readBody('Pool', NEWEST_API_VERSION, { name: 'blue', colour: 'red' }))).toBe('InvalidInput');
    expect(codeOf(() => contract.readBody('Pool', NEWEST_API_VERSION, POOL))).toBe('UnsupportedProperty');
  });

  test('writes in the words of the client', () => {
    expect(contract.writeBody('Pool', NEWEST_API_VERSION, POOL)).toEqual({ name: 'a', colour: 'ultraviolet', parts: [{ size: 1 }] });
    expect(contract.writeBody('Pool', old, POOL)).toEqual({ name: 'a', colour: 'red', parts: [{ length: 1 }] });
  });

  test('knows what goes out as it is stored', () => {
    expect(contract.isVerbatim('Pool', NEWEST_API_VERSION, '{"colour":"ultraviolet"}')).toBe(true);
    expect(contract.isVerbatim('Pool', old, '{"colour":"ultraviolet"}')).toBe(false);
    expect(Object.keys(contract.inOrder('Pool', { colour: 'red', name: 'a' }))).toEqual(['name', 'colour']);
  });

  test('keeps what it compiled apart from that of another', () => {
    expect(dataContract.writeBody('Pool', NEWEST_API_VERSION, { id: 'a' } as Parameters<typeof dataContract.writeBody<'Pool'>>[2])).toEqual({ id: 'a' });
    expect(contract.writeBody('Pool', NEWEST_API_VERSION, { name: 'a' })).toEqual({ name: 'a' });
    expect([dataContract.isShape('Part'), contract.isShape('Part'), contract.isShape('toString'), contract.enumValues('CachingType')]).toEqual([false, true, false, undefined]);
  });
});
