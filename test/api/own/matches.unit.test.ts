import { describe, expect, test } from 'vitest';
import { Matches } from '../../../src/api/own/files/matches.ts';

function offsets(text: string, wanted: string, pieceLength: number, most = 100, from = 0): { readonly found: readonly number[]; readonly through: number } {
  const matches = new Matches(Buffer.from(wanted), from, most);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieceLength) matches.add(bytes.subarray(at, at + pieceLength));
  return { found: matches.offsets, through: matches.through };
}

describe('a search through a stream', () => {
  test.each([1, 2, 3, 5, 100])('finds the same in pieces of %i bytes', (length) => {
    expect(offsets('an error, and an error: aaaa', 'error', length).found).toEqual([3, 17]);
    expect(offsets('aaaaa', 'aa', length).found).toEqual([0, 2]);
    expect(offsets('größe ö', 'ö', length).found).toEqual([2, 8]);
    expect(offsets('nothing', 'x', length).found).toEqual([]);
  });

  test('begins where it is told, and can be gone on with where it stopped', () => {
    const first = offsets('x.x.x.x', 'x', 2, 2, 10);
    expect(first.found).toEqual([10, 12]);
    expect(first.through).toBe(13);
    expect(offsets('x.x.x.x'.slice(first.through - 10), 'x', 2, 2, first.through).found).toEqual([14, 16]);
  });
});
