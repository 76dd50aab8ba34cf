import { describe, expect, it } from 'vitest';
import { isWanted, readable } from '../../../src/cli/service/log/line.ts';

function line(fields: object): string {
  return JSON.stringify({ level: 'info', time: '2026-11-29T09:24:50.123Z', pid: 7, ...fields });
}
const FOREIGN = ['', 'LOG:  database system is ready', '{"msg":"to', '{"level":"info","msg":"no time"}', '{"level":15,"time":"now","msg":"no such level"}'];

describe('a line of the log', () => {
  it.each([
    [{ msg: 'node ready', poolId: 'p', nodeId: 'tvmps_0_d', life: 1 }, '2026-11-29T09:24:50.123Z info  node ready poolId=p nodeId=tvmps_0_d life=1'],
    [{ msg: 'job completed', reason: 'he said "so"', errors: ['A: b'], limits: ['a', 'b'], none: null }, '2026-11-29T09:24:50.123Z info  job completed reason="he said \\"so\\"" errors="A: b" limits=["a","b"] none=null'],
    [{ level: 40, msg: 'of an older release' }, '2026-11-29T09:24:50.123Z warn  of an older release'],
    [{ msg: 'bell', reason: '\u0007\u001b[2J' }, '2026-11-29T09:24:50.123Z info  bell reason="\\u0007\\u001b[2J"'],
    [{ level: 'warn', msg: 'away', error: { message: 'it is away', code: 'ECONNREFUSED', stack: 'Error: it is away\n    at here (file:1:2)' } }, '2026-11-29T09:24:50.123Z warn  away error="it is away" code=ECONNREFUSED'],
    [{ level: 'error', msg: 'broken', error: { message: 'it broke', stack: 'Error: it broke\n    at here (file:1:2)' }, requestId: 'r' }, '2026-11-29T09:24:50.123Z error broken requestId=r error="it broke"\n    at here (file:1:2)'],
  ])('%j is read as %s', (fields, text) => {
    expect(readable(line(fields))).toBe(text);
  });

  it.each(FOREIGN)('that is none of ours stays what it is, and is always wanted: %j', (text) => {
    expect(readable(text)).toBe(text);
    expect(isWanted(text, 'error')).toBe(true);
  });

  it('is wanted from its level on', () => {
    const levels = ['debug', 'info', 'warn', 'error', 'fatal'].map((level) => line({ level, msg: level }));
    expect(levels.map((text) => isWanted(text, 'warn'))).toEqual([false, false, true, true, true]);
    expect(levels.map((text) => isWanted(text, 'debug'))).toEqual([true, true, true, true, true]);
  });
});
