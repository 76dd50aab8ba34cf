import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendSample, emptyHistory, historyEndMs, parseHistory, readSampleFile, SAMPLE_PERIOD_MS, serializeHistory, type SampleHistory, writeSampleFile } from '../../src/autoscale/index.ts';
import { historyBeginMs, lastSamples, samplesIn, windowOf } from '../../src/autoscale/history.ts';
import { METHODS, signaturesOf } from '../../src/autoscale/methods.ts';
import { evaluated, failure, NOON, problems, problemsInShort, valueOf, type World } from './world.ts';

const twenty = Array.from({ length: 20 }, (_, index) => index + 1);

describe('GetSample', () => {
  const world: World = { load: { $PendingTasks: twenty } };
  const value = (expression: string, more: World = {}): string => valueOf(expression, { ...world, ...more });

  it('of a number gives the last samples, oldest first, however old they are', () => {
    expect(value('$PendingTasks.GetSample(3)')).toBe('[18,19,20]');
    expect(value('$PendingTasks.GetSample(3)', { delayMs: 86_400_000 })).toBe('[18,19,20]');
    expect(value('len($PendingTasks.GetSample(500))')).toBe('20');
    expect(value('$PendingTasks.GetSample(2.9)')).toBe('[19,20]');
    expect(value('$PendingTasks.GetSample(0)')).toBe('[]');
    expect(value('$PendingTasks.GetSample($PendingTasks.GetSample(1) / 10)')).toBe('[19,20]');
    expect(value('$FailedTasks.GetSample(3)')).toBe('[]');
    expect(failure('x = $PendingTasks.GetSample(-1);', world)).toMatchObject({ code: 'OutOfRange', column: 5 });
  });

  it('of an interval gives the samples since then', () => {
    expect(value('$PendingTasks.GetSample(TimeInterval_Minute * 2)')).toBe('[17,18,19,20]');
    expect(value('$PendingTasks.GetSample(TimeInterval_Minute * 2)', { delayMs: 60_000 })).toBe('[19,20]');
    expect(value('$PendingTasks.GetSample(TimeInterval_Zero)')).toBe('[]');
  });

  it('of a timestamp gives the samples since that time', () => {
    expect(value('$PendingTasks.GetSample(time("2026-11-20T11:58:00Z"))')).toBe('[17,18,19,20]');
    expect(value('$PendingTasks.GetSample(time() - TimeInterval_Minute)')).toBe('[19,20]');
  });

  it('of two moments gives the samples between them, in whichever order and of whichever kind', () => {
    const minutesOneToThree = ['TimeInterval_Minute, 3 * TimeInterval_Minute', '3 * TimeInterval_Minute, TimeInterval_Minute', 'time("2026-11-20T11:57Z"), time("2026-11-20T11:59Z")', 'TimeInterval_Minute, time("2026-11-20T11:57Z")'];
    for (const moments of minutesOneToThree) expect(value(`$PendingTasks.GetSample(${moments})`)).toBe('[15,16,17,18]');
    expect(value('$PendingTasks.GetSample(TimeInterval_Minute * 0, TimeInterval_Minute)')).toBe('[19,20]');
  });

  it('with a percentage fails below it: ten minutes without the last one are 90%', () => {
    const late: World = { ...world, delayMs: 60_000 };
    expect(value('len($PendingTasks.GetSample(TimeInterval_Minute * 10))', late)).toBe('18');
    expect(value('len($PendingTasks.GetSample(TimeInterval_Minute * 10, 80))', late)).toBe('18');
    expect(value('len($PendingTasks.GetSample(TimeInterval_Minute * 10, 90))', late)).toBe('18');
    expect(failure('x = $PendingTasks.GetSample(TimeInterval_Minute * 10, 95);', late)).toMatchObject({
      code: 'InsufficientSampleData',
      line: 1,
      column: 5,
      expected: '95% of the samples of $PendingTasks',
      found: '90% (18 of 20)',
    });
    expect(value('len($PendingTasks.GetSample(TimeInterval_Minute, TimeInterval_Minute * 11, 95))', { load: { $PendingTasks: 1 } })).toBe('20');
  });

  it('without a percentage gives what is there, unless the setting asks for more', () => {
    const text = 'x = $PendingTasks.GetSample(TimeInterval_Minute * 20);';
    expect(evaluated(text, world).ok).toBe(true);
    expect(failure(text, { ...world, settings: { samplePercentWhenOmitted: 70 } })).toMatchObject({ code: 'InsufficientSampleData', found: '50% (20 of 40)' });
    expect(evaluated('x = $PendingTasks.GetSample(100);', { ...world, settings: { samplePercentWhenOmitted: 70 } }).ok).toBe(true);
  });

  it('fails for a window that can hold no sample if any percentage is asked for', () => {
    expect(failure('x = $PendingTasks.GetSample(TimeInterval_Second * 15, 1);', world)).toMatchObject({ code: 'InsufficientSampleData', found: '0% (1 of 0)' });
  });

  it('does not see samples of the future', () => {
    const samples = [-60, -30, 0, 30, 60].reduce<SampleHistory>((history, second) => appendSample(history, NOON + second * 1000, { $PendingTasks: second }), emptyHistory());
    expect(valueOf('$PendingTasks.GetSample(9)', { samples })).toBe('[-60,-30,0]');
    expect(valueOf('$PendingTasks.Count()', { samples })).toBe('3');
    expect(valueOf('$PendingTasks.GetSample(1)', { samples, now: NOON + 45_000 })).toBe('[30]');
    expect(valueOf('$PendingTasks.HistoryBeginTime()', { samples, now: NOON - 90_000 })).toBe('2026-11-20T11:58:30.000Z');
    expect(valueOf('$PendingTasks.GetSample(TimeInterval_Minute, time() + TimeInterval_Minute)', { samples })).toBe('[-30,0]');
    expect(valueOf('$PendingTasks.GetSamplePercent(TimeInterval_Minute, time() + TimeInterval_Minute)', { samples })).toBe('50');
    expect(valueOf('$PendingTasks.GetSample(-TimeInterval_Minute)', { samples })).toBe('[]');
  });

  it('refuses moments that are no time', () => {
    for (const moment of ['TimeInterval_Minute / 0', 'TimeInterval_Minute * (0 / 0)', 'TimeInterval_Year * 9999']) {
      expect(failure(`x = 1;\ny = $PendingTasks.GetSample(${moment});`, world)).toMatchObject({ code: 'OutOfRange', line: 2, column: 5 });
      expect(failure(`x = $PendingTasks.GetSamplePercent(${moment});`, world)).toMatchObject({ code: 'OutOfRange' });
    }
  });
});

describe('the other methods', () => {
  const world: World = { load: { $PendingTasks: twenty } };
  const value = (expression: string, more: World = {}): string => valueOf(expression, { ...world, ...more });

  it('GetSamplePercent compares what is there with one sample each 30 seconds', () => {
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Minute * 10)')).toBe('100');
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Minute * 20)')).toBe('50');
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Minute * 15)', { load: { $PendingTasks: Array.from({ length: 29 }, () => 1) } })).toBe('96.6667'); // as in a recorded run
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Minute * 0, TimeInterval_Minute * 10)')).toBe('100');
    expect(value('$PendingTasks.GetSamplePercent(time("2026-11-20T11:50Z"))')).toBe('100');
    expect(value('$FailedTasks.GetSamplePercent(TimeInterval_Minute)')).toBe('0');
  });

  it('GetSamplePercent is never above 100, and 0 where no sample fits', () => {
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Second * 59)')).toBe('100'); // two samples, one possible
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Second * 15)')).toBe('0');
    expect(value('$PendingTasks.GetSamplePercent(TimeInterval_Zero)')).toBe('0');
  });

  it('GetSamplePeriod is 30 seconds', () => {
    expect(value('$PendingTasks.GetSamplePeriod()')).toBe('PT30S');
  });

  it('Count counts the history, and is 0 on a new pool', () => {
    expect([value('$PendingTasks.Count()'), value('$FailedTasks.Count()')]).toEqual(['20', '0']);
  });

  it('HistoryBeginTime is the oldest sample, or now if there is none', () => {
    expect(value('$PendingTasks.HistoryBeginTime()')).toBe('2026-11-20T11:50:30.000Z');
    expect(value('$FailedTasks.HistoryBeginTime() == time()')).toBe('1');
  });

  it('work on the node counts too, where these are sampled', () => {
    expect(value('$CurrentDedicatedNodes.GetSample(2)', { load: { $CurrentDedicatedNodes: [4, 5, 6] } })).toBe('[5,6]');
    expect(value('$PreemptedNodeCount.Count()')).toBe('0');
    expect(value('$CurrentDedicated.GetSample(1)', { load: { $CurrentDedicatedNodes: [4] } })).toBe('[4]');
  });

  it('take the arguments of their table and no others', () => {
    const wrong = ['GetSample()', 'GetSample("1")', 'GetSample(1, 2)', 'GetSample(TimeInterval_Day, "a")', 'GetSample(TimeInterval_Day, 1, 1)', 'GetSamplePercent()', 'GetSamplePercent(5)', 'GetSamplePercent(TimeInterval_Day, 5)', 'Count(1)', 'HistoryBeginTime(1)', 'GetSamplePeriod(1)'];
    for (const call of wrong) expect([call, problemsInShort(`x = $PendingTasks.${call};`)]).toEqual([call, ['1:5 WrongArguments']]);
    expect(METHODS.map(signaturesOf)).toContain('GetSamplePercent(timestamp or timeinterval) or GetSamplePercent(timestamp or timeinterval, timestamp or timeinterval)');
    expect(problems('x = $PendingTasks.getsample(1);')[0]).toMatchObject({ code: 'UnknownMethod', expected: 'GetSample' });
  });

  it('leave a trace of the windows they read', () => {
    const result = evaluated('a = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 20);\nb = $PendingTasks.GetSample(TimeInterval_Minute, TimeInterval_Minute * 2);', world);
    expect(result.windows).toMatchObject([
      { method: 'GetSamplePercent', window: { metric: '$PendingTasks', available: 20, possible: 40, percent: 50, fromMs: NOON - 1_200_000, toMs: NOON } },
      { method: 'GetSample', window: { available: 2, possible: 2, percent: 100, fromMs: NOON - 120_000, toMs: NOON - 60_000 } },
    ]);
  });
});

/** The history as a plain list, to compare with. */
interface NaiveSample {
  readonly atMs: number;
  readonly value: number;
}

const steps = fc.array(fc.record({ gapMs: fc.constantFrom(30_000, 30_000, 30_000, 60_000, 29_900, 300_000, 1), value: fc.integer({ min: 0, max: 50 }) }), { maxLength: 60 });

function built(appends: readonly { gapMs: number; value: number }[], capacity: number): { history: SampleHistory; list: NaiveSample[] } {
  let history = emptyHistory(capacity);
  const list: NaiveSample[] = [];
  let atMs = 1_000_000;
  for (const { gapMs, value } of appends) {
    atMs += gapMs;
    history = appendSample(history, atMs, { $m: value });
    list.push({ atMs, value });
  }
  return { history, list: list.slice(-capacity) };
}

describe('a sample history', () => {
  it('answers every window as a plain list does', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 70 }), fc.integer({ min: 900_000, max: 4_000_000 }), fc.integer({ min: 0, max: 2_000_000 }), (appends, capacity, from, length) => {
        const { history, list } = built(appends, capacity);
        const to = from + length;
        const inside = list.filter(({ atMs }) => atMs > from && atMs <= to).map(({ value }) => value);
        expect(samplesIn(history, windowOf(history, '$m', from, to, to))).toEqual(inside);
        const possible = Math.floor(length / SAMPLE_PERIOD_MS);
        expect(windowOf(history, '$m', from, to, to)).toMatchObject({ available: inside.length, possible, percent: possible === 0 ? 0 : Math.min(100, (100 * inside.length) / possible) });
        const until = list.filter(({ atMs }) => atMs <= to);
        expect(lastSamples(history, '$m', 5, to)).toEqual(until.slice(-5).map(({ value }) => value));
        expect(historyBeginMs(history, '$m', to)).toBe(until[0]?.atMs);
      }),
      { numRuns: 500 },
    );
  });

  it('is a value: appending changes no history but the new one, also when two grow from one', () => {
    fc.assert(
      fc.property(steps, steps, steps, fc.integer({ min: 1, max: 30 }), (first, left, right, capacity) => {
        const { history, list } = built(first, capacity);
        const before = serializeHistory(history);
        const grown = [left, right].map((appends) => {
          let atMs = list.at(-1)?.atMs ?? 0;
          let branch = history;
          const expected = list.map(({ value }) => value);
          for (const { gapMs, value } of appends) {
            atMs += gapMs;
            branch = appendSample(branch, atMs, { $m: value });
            expected.push(value);
          }
          return { branch, expected: expected.slice(-capacity) };
        });
        for (const { branch, expected } of grown) expect(serializeHistory(branch).metrics.$m?.values ?? []).toEqual(expected);
        expect(serializeHistory(history)).toEqual(before);
      }),
      { numRuns: 300 },
    );
  });

  it('survives JSON', () => {
    fc.assert(
      fc.property(steps, (appends) => {
        const { history } = built(appends, 20);
        const copy = parseHistory(JSON.parse(JSON.stringify(serializeHistory(history))));
        expect(serializeHistory(copy)).toEqual(serializeHistory(history));
      }),
      { numRuns: 100 },
    );
  });

  it('keeps a day of samples unless told otherwise, and drops the oldest', () => {
    let history = emptyHistory();
    for (let index = 0; index < 9000; index++) history = appendSample(history, index * SAMPLE_PERIOD_MS, { $PendingTasks: index });
    const kept = serializeHistory(history).metrics.$PendingTasks;
    expect([kept?.values.length, kept?.values[0], kept?.values.at(-1)]).toEqual([2880, 6120, 8999]);
    const series = history.series.get('$PendingTasks');
    expect(series?.values.length).toBeLessThanOrEqual(2 * 2880 + 1); // memory is bounded too
  });

  it('refuses samples out of order, numbers that are none, and what is no history', () => {
    const history = appendSample(emptyHistory(), 1000, { $m: 1 });
    expect(() => appendSample(history, 1000, { $m: 2 })).toThrow(/not after the last one/);
    expect(() => appendSample(history, 2000, { $m: Number.NaN })).toThrow(/not a number/);
    expect(() => appendSample(history, Number.POSITIVE_INFINITY, { $m: 1 })).toThrow(/not a number/);
    expect(() => emptyHistory(0)).toThrow(/1 sample or more/);
    for (const json of [null, 3, [], {}, { capacity: 5 }, { capacity: 5, metrics: { $m: { atMs: [1], values: [] } } }, { capacity: 5, metrics: { $m: { atMs: ['1'], values: [1] } } }]) {
      expect(() => parseHistory(json)).toThrow(TypeError);
    }
  });
});

describe('a sample file', () => {
  it('is CSV, with or without dollar signs, with gaps', () => {
    const history = readSampleFile('time,$ActiveTasks,RunningTasks\r\n2026-11-20T11:59:00Z,3,1\r\n2026-11-20T11:59:30Z,,2\r\n1795176000000,5,\r\n');
    expect(serializeHistory(history).metrics).toEqual({
      $ActiveTasks: { atMs: [NOON - 60_000, NOON], values: [3, 5] },
      $RunningTasks: { atMs: [NOON - 60_000, NOON - 30_000], values: [1, 2] },
      $PendingTasks: { atMs: [NOON - 60_000], values: [4] },
    });
    expect(historyEndMs(history)).toBe(NOON);
  });

  it('is a JSON list, or what serializeHistory wrote', () => {
    const list = readSampleFile('[{"time":"2026-11-20T11:59:30Z","$PendingTasks":4},{"time":"Fri, 20 Nov 2026 12:00:00 GMT","PendingTasks":6,"ActiveTasks":null}]');
    expect(serializeHistory(list).metrics).toEqual({ $PendingTasks: { atMs: [NOON - 30_000, NOON], values: [4, 6] } });
    expect(readSampleFile(JSON.stringify(serializeHistory(list)))).toEqual(list);
  });

  it('are CSV with quotes around what holds a comma, as spreadsheets write it', () => {
    const history = readSampleFile('"time", "$PendingTasks",FailedTasks\n"Fri, 20 Nov 2026 11:59:30 GMT","4", \n"Fri, 20 Nov 2026 12:00:00 GMT",,"1"\n');
    expect(serializeHistory(history).metrics).toEqual({ $PendingTasks: { atMs: [NOON - 30_000], values: [4] }, $FailedTasks: { atMs: [NOON], values: [1] } });
  });

  it('is written as CSV that reads as the same samples: a line a moment, an empty cell where there was none', () => {
    let history = appendSample(emptyHistory(), NOON, { $RunningTasks: 2, $CPUPercent: 0.25 });
    history = appendSample(history, NOON + 30_000, { $RunningTasks: 3 });
    history = appendSample(history, NOON + 31_000, { $Own_queue: -1e21 });
    const text = writeSampleFile(history);
    expect(text).toBe('time,$CPUPercent,$Own_queue,$RunningTasks\n2026-11-20T12:00:00.000Z,0.25,,2\n2026-11-20T12:00:30.000Z,,,3\n2026-11-20T12:00:31.000Z,,-1e+21,\n');
    expect(serializeHistory(readSampleFile(text)).metrics).toEqual(serializeHistory(history).metrics);
    expect(writeSampleFile(emptyHistory())).toBe('time\n');
  });

  it.each([
    ['tasks\n1', /line 1: expected a header/],
    ['time,PendingTasks,$PendingTasks\n', /line 1: \$PendingTasks is there twice/],
    ['[{"time":"2026","CurrentDedicated":1,"$CurrentDedicatedNodes":2}]', /sample 1: \$CurrentDedicatedNodes is there twice/],
    ['{"capacity":10,"metrics":{"PendingTasks":{"atMs":[1],"values":[5]}}}', /metrics: expected \$PendingTasks, found PendingTasks/],
    ['{"capacity":10,"metrics":{"$Foo":{"atMs":[1],"values":[5]}}}', /metrics: \$Foo is no metric/],
    ['time,PendingTasks\n2026-11-20T12:00:00Z,1\n2026-11-20T11:59:30Z,2', /line 3: sample of \$PendingTasks at 2026-11-20T11:59:30.000Z is not after the last one at 2026-11-20T12:00:00.000Z/],
    ['time,PendingTasks\n1795176000000000,1', /line 2: 1795176000000000 is not a time/],
    ['time,$Foo\n', /line 1: \$Foo is no metric; expected one of .*\$PendingTasks/],
    ['time,$TargetDedicatedNodes\n', /is no metric/],
    ['time,$PendingTasks\nyesterday,1', /line 2: yesterday is not a time/],
    ['time,$PendingTasks\n2026-11-20T12:00:00Z,many', /line 2: many is not a number/],
    ['time,$PendingTasks\n2026-11-20T12:00:00Z,1,2', /line 2: expected 2 cells, found 3/],
    ['time,$PendingTasks\n2026-11-20T12:00:00Z,1\n2026-11-20T11:00:00Z,1', /line 3: sample of \$PendingTasks .* is not after/],
    ['[{"$PendingTasks":4}]', /sample 1: expected an object with a time/],
    ['[3', /JSON/],
  ])('that reads %j is refused', (text, message) => {
    expect(() => readSampleFile(text)).toThrow(message);
  });
});
