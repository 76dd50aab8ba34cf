import { RunError } from '../failure.ts';

/** A parameter of a sweep and the values it goes through. */
export interface Parameter {
  readonly name: string;
  readonly values: readonly string[];
}

/** A typing error like `1..10..0.0000001` should not take minutes. */
const MOST_COMBINATIONS = 1_000_000;
/** What every task has beside its parameters (plan.ts). */
const OURS = new Set(['index', 'task']);
const NAME = /^[A-Za-z_][\w.-]*$/;
const NUMBER = String.raw`(-?\d+(?:\.\d+)?)`;
const RANGE = new RegExp(String.raw`^${NUMBER}\.\.${NUMBER}(?:\.\.${NUMBER})?$`);

/**
 * Reads `--sweep`: `n=1..10`, `rate=0.1..0.5..0.1`, `mode=fast,slow`, `n=1..4,8,16`. A range holds both its ends, as
 * far as the step meets them; without a step it goes by 1, downwards where its end is the smaller.
 * @throws RunError usage, naming option, value and what is wrong with it
 */
export function readSweep(texts: readonly string[]): Parameter[] {
  const parameters = texts.map(readParameter);
  const twice = parameters.find(({ name }, index) => parameters.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw new RunError('usage', `--sweep ${twice.name} is given twice: put all values in one, ${twice.name}=1..4,8,16`);
  const combinations = parameters.reduce((product, { values }) => product * values.length, 1);
  if (combinations > MOST_COMBINATIONS) throw tooMany(texts.join(' --sweep '), combinations);
  return parameters;
}

/** Every combination, the last parameter changing fastest: name -> value. */
export function combinationsOf(parameters: readonly Parameter[]): ReadonlyMap<string, string>[] {
  return parameters.reduce<ReadonlyMap<string, string>[]>((begun, { name, values }) => begun.flatMap((row) => values.map((value) => new Map([...row, [name, value]]))), [new Map()]);
}

function readParameter(text: string): Parameter {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at));
  if (!NAME.test(name)) throw new RunError('usage', `--sweep ${text}: write NAME=VALUES, where NAME is a word: n=1..10`);
  if (OURS.has(name)) throw new RunError('usage', `--sweep ${text}: {${name}} is the task's own, so no parameter can be called that`);
  const parts = text.slice(at + 1).split(',').map((part) => part.trim());
  if (parts.includes('')) throw new RunError('usage', `--sweep ${text}: ${parts.length === 1 ? `${name} has no values` : 'a value between its commas is empty'}`);
  const values = parts.flatMap((part) => (part.includes('..') ? readRange(part, text) : [part]));
  const seen = new Set<string>();
  const twice = values.find((value) => seen.size === seen.add(value).size);
  if (twice !== undefined) throw new RunError('usage', `--sweep ${text}: ${twice} is there twice`);
  return { name, values };
}

/** The numbers of a range, exact: counted in whole units of its last decimal. */
function readRange(part: string, text: string): string[] {
  const [, from, to, by] = RANGE.exec(part) ?? [];
  if (from === undefined || to === undefined) throw new RunError('usage', `--sweep ${text}: ${part} is no range; write FROM..TO or FROM..TO..STEP with numbers like 3, -2 or 0.25`);
  const decimals = Math.max(...[from, to, by ?? ''].map((number) => (number.split('.')[1] ?? '').length));
  const [first, last] = [unitsOf(from, decimals), unitsOf(to, decimals)];
  const step = by === undefined ? 10n ** BigInt(decimals) * (last < first ? -1n : 1n) : unitsOf(by, decimals);
  if (step === 0n) throw new RunError('usage', `--sweep ${text}: the step of ${part} is 0`);
  if (step > 0n !== last >= first && last !== first) throw new RunError('usage', `--sweep ${text}: a step of ${by} never comes from ${from} to ${to}`);
  const count = Number((last - first) / step) + 1;
  if (count > MOST_COMBINATIONS) throw tooMany(text, count);
  return Array.from({ length: count }, (_, index) => textOf(first + BigInt(index) * step, decimals));
}

function unitsOf(number: string, decimals: number): bigint {
  const [whole = '', rest = ''] = number.split('.');
  return BigInt(`${whole}${rest.padEnd(decimals, '0')}`);
}

/** `0.5` of 50 hundredths: without zeros that say nothing. */
function textOf(units: bigint, decimals: number): string {
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0');
  const rest = digits.slice(digits.length - decimals).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - decimals);
  return `${units < 0n ? '-' : ''}${whole}${decimals === 0 || rest === '' ? '' : `.${rest}`}`;
}

function tooMany(text: string, count: number): RunError {
  return new RunError('usage', `--sweep ${text} makes ${count} tasks; at most ${MOST_COMBINATIONS} are planned`);
}
