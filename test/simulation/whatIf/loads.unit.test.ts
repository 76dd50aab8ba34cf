import { describe, expect, it } from 'vitest';
import { readDistribution } from '../../../src/wire/simulation/distribution.ts';
import { readLoadFile } from '../../../src/simulation/whatIf/loadFile.ts';
import { readArrival, readMix } from '../../../src/wire/simulation/synthetic.ts';
import { syntheticLoad } from '../../../src/simulation/whatIf/synthetic.ts';

describe('A distribution', () => {
  it.each([
    ['30s', { kind: 'constant', ms: 30_000 }],
    ['exp(1h30m)', { kind: 'exponential', meanMs: 5_400_000 }],
    ['lognormal(10min, 0.5)', { kind: 'lognormal', medianMs: 600_000, sigma: 0.5 }],
    ['Uniform( 10s , 1min )', { kind: 'uniform', leastMs: 10_000, mostMs: 60_000 }],
  ])('is written %s', (text, distribution) => {
    expect(readDistribution(text)).toEqual(distribution);
  });

  it.each(['', '30', 'exp', 'exp()', 'exp(30s, 1)', 'lognormal(30s)', 'lognormal(30s, 1s)', 'uniform(2s, 1s)', 'uniform(1s)', 'normal(1s, 1s)', 'exp(30s', 'uniform(1s, 2s, 3s)'])('is not written %j', (text) => {
    expect(readDistribution(text)).toBeUndefined();
  });
});

describe('Arrivals', () => {
  it.each([
    ['all', { kind: 'all' }],
    ['daily', { kind: 'daily' }],
    ['every 2s', { kind: 'every', ms: 2_000 }],
    ['poisson 5/s', { kind: 'poisson', perMs: 0.005 }],
    ['Poisson 30 / min', { kind: 'poisson', perMs: 0.0005 }],
  ])('are written %s', (text, arrival) => {
    expect(readArrival(text)).toEqual(arrival);
  });

  it.each(['', 'every', 'every 2', 'poisson 5', 'poisson 0/s', 'poisson 5/x', 'daily 2', 'weekly'])('are not written %j', (text) => {
    expect(readArrival(text)).toBeUndefined();
  });

  const make = (arrival: string, tasks = 10_000) =>
    syntheticLoad({ tasks, duration: { kind: 'constant', ms: 1 }, arrival: readArrival(arrival) ?? { kind: 'all' }, slots: readMix('1', 1, 9) ?? [], priority: readMix('0:3,7', -9, 9) ?? [], failures: 0, retries: 0 }, 3).jobs;

  it('come as often as is said, over a day mostly in the afternoon', () => {
    expect(make('every 2s', 4).flatMap(({ tasks }) => tasks.map(({ arrivalMs }) => arrivalMs)).sort((a, b) => a - b)).toEqual([0, 2_000, 4_000, 6_000]);
    const last = Math.max(...make('poisson 5/s').map(({ tasks }) => tasks.at(-1)?.arrivalMs ?? 0));
    expect(last / 1_000).toBeGreaterThan(1_900);
    expect(last / 1_000).toBeLessThan(2_100);
    const hours = make('daily').flatMap(({ tasks }) => tasks.map(({ arrivalMs }) => Math.floor(arrivalMs / 3_600_000)));
    const at = (hour: number): number => hours.filter((other) => other === hour).length;
    expect(Math.max(...hours)).toBeLessThan(24);
    expect(at(14)).toBeGreaterThan(5 * at(2));
  });

  it('are spread over priorities by their weights, a job for each', () => {
    expect(make('all').map(({ priority }) => priority)).toEqual([7, 0]);
    expect((make('all')[1]?.tasks.length ?? 0) / 10_000).toBeCloseTo(0.75, 1);
  });

  it.each(['', '1,', 'x', '0', '10', '1:0', '1:-1', '1.5'])('have no slots %j', (text) => {
    expect(readMix(text, 1, 9)).toBeUndefined();
  });
});

describe('A load file', () => {
  it('has a task in each row; what it does not say is as usual', () => {
    const { jobs } = readLoadFile('duration,arrival,priority,slots,exit,id\n90,0,0,2,0,a\n1h30m,PT1M,5,,"1 0",b\n250ms,,0,,,\n', 'load.csv', 2);
    expect(jobs.map(({ priority, maxTaskRetryCount }) => [priority, maxTaskRetryCount])).toEqual([[5, 2], [0, 2]]);
    expect(jobs[0]?.tasks).toEqual([{ id: 'b', arrivalMs: 60_000, durationMs: 5_400_000, slots: 1, priority: 5, exits: [1, 0] }]);
    expect(jobs[1]?.tasks.map(({ id, durationMs, slots }) => [id, durationMs, slots])).toEqual([['a', 90_000, 2], ['3', 250, 1]]);
  });

  it('may say when tasks came, by the clock', () => {
    const { jobs } = readLoadFile('arrival,duration\n2026-11-30T08:00:05Z,1\n2026-11-30T08:00:00Z,2\n', 'load.csv', 0);
    expect(jobs[0]?.tasks.map(({ arrivalMs }) => arrivalMs)).toEqual([0, 5_000]);
  });

  it.each([
    ['duration\nsoon\n', 'load.csv:2: duration: "soon" is not a time'],
    ['id,duration\na,1\nb,\n', 'load.csv:3: duration: it is missing'],
    ['id\na\n', 'load.csv:2: duration: it is missing'],
    ['duration,slots\n1,0\n', 'load.csv:2: slots: "0" is not a whole number from 1 to 256'],
    ['duration,priority\n1,1001\n', 'load.csv:2: priority: "1001" is not'],
    ['duration,exit\n1,"0 x"\n', 'load.csv:2: exit: "0 x" is not an exit code'],
    ['duration,arrival\n1,-5\n', 'load.csv:2: arrival: "-5" is not'],
    ['duration,arrival\n1,5\n1,2026-11-30T08:00:00Z\n', 'load.csv:3: arrival: it is a moment'],
    ['duration,cores\n1,2\n', 'load.csv:1: there is no column "cores"'],
    ['duration,slots\n1\n', 'load.csv:2: 1 values for 2 columns'],
    ['duration\n"1\n', 'load.csv:2: a quote is never closed'],
    ['duration,duration\n1,1\n', 'load.csv:1: two columns are called "duration"'],
    ['duration\n', 'load.csv has no tasks'],
    ['', 'load.csv has no tasks'],
  ])('that is wrong is refused with line and column (%#)', (text, message) => {
    expect(() => readLoadFile(text, 'load.csv', 0)).toThrow(message);
  });
});
