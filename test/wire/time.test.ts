import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration, UNLIMITED_DURATION } from '../../src/wire/durations.ts';
import { etagOfMs } from '../../src/wire/etag.ts';
import { formatHttpDate, formatTimestamp, parseHttpDate, parseTimestamp } from '../../src/wire/timestamps.ts';
import { etagOf, msOfTicks, ticksOfMs } from './ticks.ts';

const instants = fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(9999, 11, 31) });

describe('durations', () => {
  test.each([
    ['PT5M', 300_000, 'PT5M'],
    ['PT06M00S', 360_000, 'PT6M'],
    ['P1D', 86_400_000, 'P1D'],
    ['PT168H', 604_800_000, 'P7D'],
    ['P1W', 604_800_000, 'P7D'],
    ['P1Y', 365 * 86_400_000, 'P365D'],
    ['P2M', 60 * 86_400_000, 'P60D'],
    ['PT1.5H', 5_400_000, 'PT1H30M'],
    ['PT0,25S', 250, 'PT0.25S'],
    ['P1DT0H0M0S', 86_400_000, 'P1D'],
    ['PT0S', 0, 'PT0S'],
    ['PT90S', 90_000, 'PT1M30S'],
    ['PT0.1234567S', 123, 'PT0.123S'],
    [UNLIMITED_DURATION, Infinity, UNLIMITED_DURATION],
    ['P99999999D', Infinity, UNLIMITED_DURATION],
  ])('%s is %d ms, and is written %s', (text, ms, written) => {
    expect(parseDuration(text)).toBe(ms);
    expect(formatDuration(ms)).toBe(written);
  });

  test.each(['', 'P', 'PT', 'P1', '1D', 'PT5', 'P5H', 'PT1D', 'P1DT', '-PT5M', 'PT1.5H30M', 'P1.5DT1H', 'pt5m', 'PT5M ', '00:05:00'])('%s is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test('what is written is read as it was, and written the same again', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900_000_000_000_000 }), (ms) => {
        const text = formatDuration(ms);
        expect(parseDuration(text)).toBe(ms);
        expect(formatDuration(parseDuration(text) ?? -1)).toBe(text);
      }),
    );
  });
});

describe('points in time', () => {
  test.each([
    ['2022-09-06T23:44:11.5153711Z', '2022-09-06T23:44:11.515Z'],
    ['2022-09-06T23:44:43.42Z', '2022-09-06T23:44:43.42Z'],
    ['2022-09-06T23:44:11Z', '2022-09-06T23:44:11Z'],
    ['2022-09-06T23:44:11.000Z', '2022-09-06T23:44:11Z'],
    ['2022-09-07T01:44:11+02:00', '2022-09-06T23:44:11Z'],
    ['2022-09-06T18:44:11-0500', '2022-09-06T23:44:11Z'],
    ['2022-09-06T23:44:11', '2022-09-06T23:44:11Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
  ])('%s is written %s', (text, written) => {
    expect(formatTimestamp(parseTimestamp(text) ?? Number.NaN)).toBe(written);
  });

  test.each(['', '2022-09-06', 'now', '2022-02-30T00:00:00Z', '2022-13-01T00:00:00Z', '2022-01-01T24:00:00Z', '2022-01-01T00:60:00Z', 'Tue, 06 Sep 2022 23:44:11 GMT'])(
    '%s is no timestamp',
    (text) => {
      expect(parseTimestamp(text)).toBeUndefined();
    },
  );

  test('a header date is read and written', () => {
    const ms = parseHttpDate('Tue, 06 Sep 2022 23:44:11 GMT');
    expect(ms).toBe(Date.UTC(2022, 8, 6, 23, 44, 11));
    expect(formatHttpDate(ms ?? Number.NaN)).toBe('Tue, 06 Sep 2022 23:44:11 GMT');
    for (const text of ['', 'Wed, 06 Sep 2022 23:44:11 GMT', 'Tue, 06 Sep 2022 23:44:11', '06 Sep 2022', 'Tue, 31 Feb 2022 00:00:00 GMT']) expect(parseHttpDate(text)).toBeUndefined();
  });

  test('any millisecond survives a timestamp, any second a header date', () => {
    fc.assert(
      fc.property(instants, (ms) => {
        expect(parseTimestamp(formatTimestamp(ms))).toBe(ms);
        const seconds = Math.floor(ms / 1000) * 1000;
        expect(parseHttpDate(formatHttpDate(ms))).toBe(seconds);
        expect(formatTimestamp(ms)).not.toMatch(/\.\d*0Z$/);
      }),
    );
  });

  test('an ETag follows the milliseconds and changes with every tick', () => {
    fc.assert(
      fc.property(instants, fc.integer({ min: 0, max: 9999 }), (ms, below) => {
        const ticks = ticksOfMs(ms) + BigInt(below);
        expect(msOfTicks(ticks)).toBe(ms);
        expect(etagOfMs(ms)).toBe(etagOf(ticksOfMs(ms)));
        expect(etagOf(ticks)).toMatch(/^0x[0-9A-F]{15,16}$/);
        expect(etagOf(ticks)).not.toBe(etagOf(ticks + 1n));
      }),
    );
  });
});
