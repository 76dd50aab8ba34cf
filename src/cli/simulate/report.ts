import type { Candidate } from '../../api/own/simulations/answer.ts';
import { timeText } from '../../base/times.ts';
import { parseDuration } from '../../wire/durations.ts';
import type { SimulatedPool, Simulation } from '../../wire/own/simulation.ts';

/** A pool, and what came of the load on it. */
export interface Tried {
  readonly candidate: Candidate;
  readonly simulated: SimulatedPool;
}

type Heading = Omit<Simulation, 'pools'>;

interface Row {
  readonly label: string;
  /** null: there is none, or it is not known. */
  readonly value: (simulated: SimulatedPool) => number | null;
  readonly text: (value: number) => string;
  readonly otherwise?: string;
  /** Left out where it is 0 of all. */
  readonly isRare?: true;
}

const ROWS: readonly (Row | null)[] = [
  { label: 'makespan', value: ({ makespanMs }) => makespanMs, text: timeText },
  { label: 'waiting, mean', value: ({ waiting }) => waiting?.meanMs ?? null, text: timeText },
  { label: 'waiting, median', value: ({ waiting }) => waiting?.medianMs ?? null, text: timeText },
  { label: 'waiting, 90 %', value: ({ waiting }) => waiting?.p90Ms ?? null, text: timeText },
  { label: 'waiting, 99 %', value: ({ waiting }) => waiting?.p99Ms ?? null, text: timeText },
  { label: 'waiting, longest', value: ({ waiting }) => waiting?.mostMs ?? null, text: timeText },
  null,
  { label: 'tasks succeeded', value: ({ tasks }) => tasks.succeeded, text: count },
  { label: 'tasks failed', value: ({ tasks }) => tasks.failed, text: count, isRare: true },
  { label: 'tasks not ended', value: ({ tasks }) => tasks.unfinished, text: count, isRare: true },
  { label: 'of these never started', value: ({ tasks }) => tasks.neverStarted, text: count, isRare: true },
  { label: 'runs after a failure', value: ({ tasks }) => tasks.retries, text: count, isRare: true },
  { label: 'runs cut short', value: ({ tasks }) => tasks.cutShort, text: count, isRare: true },
  null,
  { label: 'dedicated nodes, most', value: ({ dedicated }) => dedicated.most, text: count, isRare: true },
  { label: 'low-priority nodes, most', value: ({ lowPriority }) => lowPriority.most, text: count, isRare: true },
  { label: 'nodes taken away', value: ({ lowPriority }) => lowPriority.preemptions, text: count, isRare: true },
  { label: 'dedicated node-hours', value: ({ dedicated }) => dedicated.nodeHours, text: hours, isRare: true },
  { label: 'low-priority node-hours', value: ({ lowPriority }) => lowPriority.nodeHours, text: hours, isRare: true },
  { label: 'slots in use', value: ({ utilisation }) => utilisation, text: percent, otherwise: 'no nodes' },
  { label: 'work lost', value: ({ lostShare }) => lostShare, text: percent, isRare: true },
  { label: 'nodes idle', value: ({ idleShare }) => idleShare, text: percent, otherwise: 'no nodes' },
  { label: 'cost', value: ({ cost }) => cost.total, text: dollars, otherwise: 'unknown' },
];

/** For people: what came out, of two beside each other and with what the second has more. */
export function reportTable({ load, seed, assumed }: Heading, tried: readonly Tried[]): string {
  const pools = tried.map(({ candidate }) => `${candidate.name}: ${poolText(candidate)}\n`).join('');
  const shown = ROWS.filter((row) => row?.isRare !== true || tried.some(({ simulated }) => (row.value(simulated) ?? 0) !== 0));
  const names = tried.length > 1 ? [['', ...tried.map(({ candidate }) => candidate.name), 'difference']] : [];
  const cells = shown.filter((row, index) => row !== null || shown[index + 1] !== null).map((row) => (row === null ? [] : cellsOf(row, tried)));
  const notes = tried.flatMap(({ simulated }) => simulated.notes.map((note) => (tried.length > 1 ? `${simulated.name}: ${note}` : note)));
  return `${pools}${load}, seed ${seed}; assumed: ${assumed.join(', ')}\n\n${columns([...names, ...cells])}${notes.length === 0 ? '' : `\n${notes.join('\n')}\n`}`;
}

/** `standard_d4s_v3, 4 slots a node, formula every 5 min`. */
function poolText({ pool }: Candidate): string {
  const { vmSize, taskSlotsPerNode: slots, enableAutoScale, autoScaleEvaluationInterval = '', targetDedicatedNodes, targetLowPriorityNodes } = pool;
  const sizes = [`${targetDedicatedNodes} dedicated`, ...(targetLowPriorityNodes > 0 ? [`${targetLowPriorityNodes} low-priority`] : [])];
  return `${vmSize}, ${slots} slot${slots === 1 ? '' : 's'} a node, ${enableAutoScale ? `a formula each ${timeText(parseDuration(autoScaleEvaluationInterval) ?? 0)}` : `${sizes.join(' and ')} nodes`}`;
}

function cellsOf({ label, value, text, otherwise = 'none' }: Row, tried: readonly Tried[]): string[] {
  const values = tried.map(({ simulated }) => value(simulated));
  const [first = null, second = null] = values;
  const difference = tried.length < 2 ? [] : [first === null || second === null ? '' : differenceText(first, second, text)];
  return [label, ...values.map((one) => (one === null ? otherwise : text(one))), ...difference];
}

function differenceText(first: number, second: number, text: (value: number) => string): string {
  const shown = text(Math.abs(second - first));
  if (second === first || shown === text(0)) return 'same';
  const share = first === 0 || text === percent ? '' : ` (${second > first ? '+' : '-'}${Math.round((100 * Math.abs(second - first)) / first)} %)`;
  return `${second > first ? '+' : '-'}${shown}${share}`;
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  const padded = (cell: string, index: number): string => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0));
  return rows.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

function count(value: number): string {
  return value.toLocaleString('en');
}
function hours(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}
function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
function dollars(value: number): string {
  return `$ ${value.toFixed(value < 1 ? 4 : 2)}`;
}

/** For programs: numbers in milliseconds, hours and US dollars. */
export function reportJson(heading: Heading, tried: readonly Tried[]): string {
  const simulation = { ...heading, pools: tried.map(({ simulated }) => simulated) } satisfies Simulation;
  return `${JSON.stringify(simulation, undefined, 2).replaceAll(NUMBERS, (list) => list.replaceAll(/\s+/g, ' '))}\n`;
}

/** Lists of numbers stand on one line. */
const NUMBERS = /\[\s*-?\d[\d\s,.e+-]*\]/g;
