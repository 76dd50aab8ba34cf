/**
 * How many low-priority nodes this machine may have, over time: it stands in for an engine that has some to spare now
 * and none then. Offsets count from when the service starts; with a period it all begins anew after each.
 */
export interface Capacity {
  readonly unit: 'nodes' | 'cores';
  /** By rising offset, the first at 0. */
  readonly steps: readonly { readonly atMs: number; readonly most: number }[];
  readonly periodMs: number | null;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };
const MOST_STEPS = 10_000;

/**
 * Reads CSV: `offset,nodes` or `offset,cores`, then a line for each change (`90s,4`), and `period,10min` if it repeats.
 * Lines that are empty, or begin with `#`, say nothing. @throws Error that names the line.
 */
export function readCapacity(text: string): Capacity {
  const lines = text.split(/\r?\n/).map((line, index) => ({ cells: line.split(',').map((cell) => cell.trim()), number: index + 1, isEmpty: line.trim() === '' || line.trim().startsWith('#') })).filter(({ isEmpty }) => !isEmpty);
  const [head, ...rest] = lines;
  const unit = head?.cells[1];
  if (head === undefined || head.cells.length !== 2 || head.cells[0] !== 'offset' || (unit !== 'nodes' && unit !== 'cores')) throw new Error(`line ${head?.number ?? 1}: the first line must be offset,nodes or offset,cores`);
  const steps: { atMs: number; most: number }[] = [];
  let periodMs: number | null = null;
  for (const { cells, number } of rest) {
    const [first = '', second = ''] = cells;
    if (cells.length !== 2) throw new Error(`line ${number}: there must be two values`);
    if (first === 'period') periodMs = timeOf(second, number);
    else if (!/^\d{1,9}$/.test(second)) throw new Error(`line ${number}: ${second} is no number of ${unit}`);
    else steps.push({ atMs: timeOf(first, number), most: Number(second) });
    const [last, before] = [steps.at(-1), steps.at(-2)];
    if (last !== undefined && before !== undefined && last.atMs <= before.atMs) throw new Error(`line ${number}: offsets must rise`);
  }
  if (steps[0]?.atMs !== 0) throw new Error('the first offset must be 0s');
  if (steps.length > MOST_STEPS) throw new Error(`there may be ${MOST_STEPS} changes at most`);
  if (periodMs !== null && periodMs <= (steps.at(-1)?.atMs ?? 0)) throw new Error('the period must be longer than the last offset');
  return { unit, steps, periodMs };
}

function timeOf(text: string, line: number): number {
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,3})?)\s*([a-z]+)$/.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (UNITS[unit] ?? Number.NaN));
  if (amount === '' || !Number.isFinite(ms)) throw new Error(`line ${line}: ${text} is no time like 90s or 10min`);
  return ms;
}

/** How much there may be, and in how many milliseconds that may change; null: never again. */
export function capacityAt({ steps, periodMs }: Capacity, elapsedMs: number): { readonly most: number; readonly changesInMs: number | null } {
  const within = periodMs === null ? elapsedMs : elapsedMs % periodMs;
  const index = steps.findLastIndex(({ atMs }) => atMs <= within);
  const next = steps[index + 1]?.atMs ?? periodMs;
  return { most: steps[index]?.most ?? 0, changesInMs: next === null ? null : next - within };
}
