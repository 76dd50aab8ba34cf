import { describe, expect, test } from 'vitest';
import { decideSpread, type Spread } from '../../src/control/spread/decide.ts';

type Given = Partial<Spread['accounts'][number]>;

/** `has`: who owns accounts 1, 2, 3 …; null: nobody. */
function spread(processes: readonly string[], has: readonly (string | null)[], given: { readonly accounts?: Readonly<Record<number, Given>>; readonly leaving?: string; readonly places?: Readonly<Record<string, string>> } = {}): Spread {
  return {
    processes: processes.map((process) => ({ process, place: given.places?.[process] ?? null, isLeaving: process === given.leaving })),
    accounts: has.map((owner, index) => ({ account: index + 1, owner, place: null, isFenced: false, ...given.accounts?.[index + 1] })),
  };
}

function claims(seen: Spread): Readonly<Record<string, readonly number[]>> {
  return Object.fromEntries(seen.processes.map(({ process }) => [process, decideSpread(process, seen).claim]));
}

describe('free accounts', () => {
  test('are claimed evenly, each by one process', () => {
    expect(claims(spread(['a', 'b', 'c'], [null, null, null, null, null, null]))).toEqual({ a: [1, 4], b: [2, 5], c: [3, 6] });
  });

  test('go to those that have the fewest when one has died', () => {
    expect(claims(spread(['a', 'b'], ['a', 'a', null, null, null]))).toEqual({ a: [5], b: [3, 4] });
  });

  test('are not taken by a process that leaves', () => {
    expect(claims(spread(['a', 'b'], [null, null], { leaving: 'a' }))).toEqual({ a: [], b: [1, 2] });
  });

  test('with nodes of a machine stay with the processes of that machine, while one lives', () => {
    expect(claims(spread(['a', 'b'], [null, 'b', 'b'], { places: { a: 'here', b: 'there' }, accounts: { 1: { place: 'there' } } }))).toEqual({ a: [], b: [1] });
  });

  test('whose machine is gone wait until what runs there has ended, and then go anywhere', () => {
    const places = { a: 'here', b: 'there' };
    expect(claims(spread(['a', 'b'], [null], { places, accounts: { 1: { place: 'gone', isFenced: true } } }))).toEqual({ a: [], b: [] });
    expect(claims(spread(['a', 'b'], [null], { places, accounts: { 1: { place: 'gone' } } }))).toEqual({ a: [1], b: [] });
  });
});

describe('a process that joins', () => {
  test('gets one account at a time, the newest of the one that has the most', () => {
    const seen = spread(['a', 'b', 'new'], ['a', 'b', 'a', 'b', 'a']);
    expect(decideSpread('a', seen).give).toBe(5);
    expect(decideSpread('b', seen).give).toBe(4);
    expect(decideSpread('new', seen).give).toBeNull();
  });

  test('gets none where it would have no fewer afterwards, nor while others are free', () => {
    expect(decideSpread('a', spread(['a', 'b'], ['a', 'a', 'b'])).give).toBeNull();
    expect(decideSpread('a', spread(['a', 'b'], ['a', 'a', 'a', null])).give).toBeNull();
  });

  test('gets none whose nodes it does not reach', () => {
    const bound = { 1: { place: 'here' }, 2: { place: 'here' }, 3: { place: 'here' } };
    expect(decideSpread('a', spread(['a', 'b'], ['a', 'a', 'a'], { places: { a: 'here', b: 'there' }, accounts: bound })).give).toBeNull();
    expect(decideSpread('a', spread(['a', 'b'], ['a', 'a', 'a'], { places: { a: 'here', b: 'here' }, accounts: bound })).give).toBe(3);
  });
});
