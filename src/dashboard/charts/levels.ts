import type { Point } from '../../wire/own/series.ts';

export interface Levels {
  /** In seconds, ascending. */
  readonly times: readonly number[];
  /** Of each line its values at these times; null where it has none yet. */
  readonly lines: readonly (readonly (number | null)[])[];
}

/** Lines over the times of them all: each the sum of its series, whose values hold from a point to the next. */
export function levelsOf(lines: readonly (readonly (readonly Point[])[])[]): Levels {
  const times = [...new Set(lines.flat(2).map(([at]) => at))].toSorted((one, other) => one - other);
  return { times: times.map((at) => at / 1_000), lines: lines.map((series) => sum(series.map((points) => valuesAt(points, times)))) };
}

function valuesAt(points: readonly Point[], times: readonly number[]): readonly (number | null)[] {
  let place = 0;
  let value: number | null = null;
  return times.map((time) => {
    for (let point = points[place]; point !== undefined && point[0] <= time; point = points[place]) {
      [, value] = point;
      place += 1;
    }
    return value;
  });
}

function sum(series: readonly (readonly (number | null)[])[]): readonly (number | null)[] {
  return (series[0] ?? []).map((_value, at) => {
    const values = series.flatMap((one) => one[at] ?? []);
    return values.length === 0 ? null : values.reduce((all, value) => all + value, 0);
  });
}

/** `before` until `after` begins. */
export function continued(before: Levels, after: Levels): Levels {
  const [begin = Number.POSITIVE_INFINITY] = after.times;
  const kept = before.times.filter((time) => time < begin).length;
  return { times: [...before.times.slice(0, kept), ...after.times], lines: after.lines.map((line, at) => [...(before.lines[at] ?? []).slice(0, kept), ...line]) };
}
