import { compile, firstReadsOfOwn } from '../../autoscale/index.ts';
import { timeText } from '../../base/times.ts';
import type { Outcome, Problem } from '../../simulation/whatIf/meter.ts';
import { parseDuration } from '../../wire/durations.ts';
import { type Cost, HOUR_MS } from './cost.ts';
import type { Candidate } from './pools.ts';

/** A pool, and what came of the load on it. */
export interface Tried {
  readonly candidate: Candidate;
  readonly outcome: Outcome;
  readonly cost: Cost;
}

export interface Heading {
  readonly load: string;
  readonly seed: number;
  /** What was assumed, a clause each. */
  readonly assumed: readonly string[];
}

interface Row {
  readonly label: string;
  /** null: there is none, or it is not known. */
  readonly value: (tried: Tried) => number | null;
  readonly text: (value: number) => string;
  readonly otherwise?: string;
  /** Left out where it is 0 of all. */
  readonly isRare?: true;
}

const ROWS: readonly (Row | null)[] = [
  { label: 'makespan', value: ({ outcome }) => outcome.makespanMs, text: timeText },
  { label: 'waiting, mean', value: ({ outcome }) => outcome.waiting?.meanMs ?? null, text: timeText },
  { label: 'waiting, median', value: ({ outcome }) => outcome.waiting?.medianMs ?? null, text: timeText },
  { label: 'waiting, 90 %', value: ({ outcome }) => outcome.waiting?.p90Ms ?? null, text: timeText },
  { label: 'waiting, 99 %', value: ({ outcome }) => outcome.waiting?.p99Ms ?? null, text: timeText },
  { label: 'waiting, longest', value: ({ outcome }) => outcome.waiting?.mostMs ?? null, text: timeText },
  null,
  { label: 'tasks succeeded', value: ({ outcome }) => outcome.tasks.succeeded, text: count },
  { label: 'tasks failed', value: ({ outcome }) => outcome.tasks.failed, text: count, isRare: true },
  { label: 'tasks not ended', value: ({ outcome }) => outcome.tasks.unfinished, text: count, isRare: true },
  { label: 'of these never started', value: ({ outcome }) => outcome.tasks.neverStarted, text: count, isRare: true },
  { label: 'runs after a failure', value: ({ outcome }) => outcome.tasks.retries, text: count, isRare: true },
  { label: 'runs cut short', value: ({ outcome }) => outcome.tasks.cutShort, text: count, isRare: true },
  null,
  { label: 'dedicated nodes, most', value: ({ outcome }) => outcome.dedicated.most, text: count, isRare: true },
  { label: 'low-priority nodes, most', value: ({ outcome }) => outcome.lowPriority.most, text: count, isRare: true },
  { label: 'nodes taken away', value: ({ outcome }) => outcome.lowPriority.preemptions, text: count, isRare: true },
  { label: 'dedicated node-hours', value: ({ outcome }) => outcome.dedicated.nodeMs / HOUR_MS, text: hours, isRare: true },
  { label: 'low-priority node-hours', value: ({ outcome }) => outcome.lowPriority.nodeMs / HOUR_MS, text: hours, isRare: true },
  { label: 'slots in use', value: ({ outcome: { slots } }) => part(slots.busyMs, slots.thereMs), text: percent, otherwise: 'no nodes' },
  { label: 'work lost', value: ({ outcome: { slots } }) => part(slots.lostMs, slots.busyMs), text: percent, isRare: true },
  { label: 'nodes idle', value: ({ outcome: { idleNodeMs, dedicated, lowPriority } }) => part(idleNodeMs, dedicated.nodeMs + lowPriority.nodeMs), text: percent, otherwise: 'no nodes' },
  { label: 'cost', value: ({ cost }) => cost.total, text: dollars, otherwise: 'unknown' },
];

/** For people: what came out, of two beside each other and with what the second has more. */
export function reportTable({ load, seed, assumed }: Heading, tried: readonly Tried[]): string {
  const pools = tried.map(({ candidate }) => `${candidate.name}: ${poolText(candidate)}\n`).join('');
  const shown = ROWS.filter((row) => row?.isRare !== true || tried.some((one) => (row.value(one) ?? 0) !== 0));
  const names = tried.length > 1 ? [['', ...tried.map(({ candidate }) => candidate.name), 'difference']] : [];
  const cells = shown.filter((row, index) => row !== null || shown[index + 1] !== null).map((row) => (row === null ? [] : cellsOf(row, tried)));
  const notes = tried.flatMap((one) => notesOf(one).map((note) => (tried.length > 1 ? `${one.candidate.name}: ${note}` : note)));
  return `${pools}${load}, seed ${seed}; assumed: ${assumed.join(', ')}\n\n${columns([...names, ...cells])}${notes.length === 0 ? '' : `\n${notes.join('\n')}\n`}`;
}

/** `standard_d4s_v3, 4 slots a node, formula every 5 min`. */
function poolText({ pool }: Candidate): string {
  const { vmSize, taskSlotsPerNode: slots, enableAutoScale, autoScaleEvaluationInterval = '', targetDedicatedNodes, targetLowPriorityNodes } = pool;
  const sizes = [`${targetDedicatedNodes} dedicated`, ...(targetLowPriorityNodes > 0 ? [`${targetLowPriorityNodes} low-priority`] : [])];
  return `${vmSize}, ${slots} slot${slots === 1 ? '' : 's'} a node, ${enableAutoScale ? `a formula each ${timeText(parseDuration(autoScaleEvaluationInterval) ?? 0)}` : `${sizes.join(' and ')} nodes`}`;
}

function cellsOf({ label, value, text, otherwise = 'none' }: Row, tried: readonly Tried[]): string[] {
  const values = tried.map(value);
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

/** What a user should know besides. */
function notesOf({ candidate: { pool }, outcome }: Tried): string[] {
  const told = (what: string, { message, times, firstMs }: Problem): string => `${what}${times === 1 ? '' : ` (${times} times)`} after ${timeText(firstMs)}: ${message.replaceAll(/\s+/g, ' ')}`;
  return [
    ...(outcome.tasks.neverStarted > 0 ? [`${count(outcome.tasks.neverStarted)} tasks never started: the pool has no node with slots for them, or the time was over`] : []),
    ...ownVariablesOf(pool.autoScaleFormula).map((name) => `the formula reads ${name}: what programs post is not simulated, and it has no samples`),
    ...(outcome.formula?.problems ?? []).map((problem) => told('the formula failed', problem)),
    ...outcome.resizeErrors.map((problem) => told('a resize fell short', problem)),
  ];
}

function ownVariablesOf(formula: string | undefined): readonly string[] {
  const compiled = formula === undefined ? null : compile(formula);
  return compiled?.ok === true ? [...firstReadsOfOwn(compiled.program.statements).keys()] : [];
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  const padded = (cell: string, index: number): string => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0));
  return rows.map((row) => `${row.map(padded).join('  ').trimEnd()}\n`).join('');
}

function part(of: number, all: number): number | null {
  return all === 0 ? null : of / all;
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
export function reportJson({ load, seed, assumed }: Heading, tried: readonly Tried[]): string {
  const pools = tried.map(({ candidate: { name, form, pool }, outcome, cost }) => {
    const { starts: _starts, dedicated, lowPriority, slots, idleNodeMs, series, ...rest } = outcome;
    const use = ({ nodeMs, ...more }: typeof dedicated) => ({ nodeHours: nodeMs / HOUR_MS, ...more });
    return {
      name,
      form,
      vmSize: pool.vmSize,
      ...rest,
      dedicated: use(dedicated),
      lowPriority: use(lowPriority),
      utilisation: part(slots.busyMs, slots.thereMs),
      lostShare: part(slots.lostMs, slots.busyMs),
      idleShare: part(idleNodeMs, dedicated.nodeMs + lowPriority.nodeMs),
      cost,
      series,
    };
  });
  return `${JSON.stringify({ load, seed, assumed, pools }, undefined, 2).replaceAll(NUMBERS, (list) => list.replaceAll(/\s+/g, ' '))}\n`;
}

/** Lists of numbers stand on one line. */
const NUMBERS = /\[\s*-?\d[\d\s,.e+-]*\]/g;
