import { describe, expect, test } from 'vitest';
import { linesBetween, withoutSecrets } from '../../src/agent/serviceLogs.ts';

const LOG = `Error: from before
2026-11-20T10:00:00.000Z one
2026-11-20T10:00:01.000Z two
    at somewhere
2026-11-20T10:00:02.000Z three
`;
function at(second: number): number {
  return Date.UTC(2026, 10, 20, 10, 0, second);
}

describe('of an agent log', () => {
  test.each([
    ['a time takes both its ends', at(0), at(1), ['2026-11-20T10:00:00.000Z one', '2026-11-20T10:00:01.000Z two', '    at somewhere']],
    ['a line takes along those that belong to it', at(1), at(1), ['2026-11-20T10:00:01.000Z two', '    at somewhere']],
    ['no end is until now', at(2), null, ['2026-11-20T10:00:02.000Z three']],
    ['a time in which nothing was said is nothing', at(3), at(9), []],
  ])('%s', (_, from, to, lines) => {
    expect(linesBetween(LOG, from, to)).toBe(lines.map((line) => `${line}\n`).join(''));
  });

  test('no credential is shown, whatever stands there', () => {
    expect(withoutSecrets('a https://h/c?sv=1&sig=abc%2F= b\nBearer secret.word', 'secret.word')).toBe('a https://h/c?sv=1&sig=*** b\nBearer ***');
  });
});
