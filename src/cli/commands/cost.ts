import { InvalidArgumentError } from 'commander';
import { timeText } from '../../base/times.ts';
import { CommandError, EXIT } from '../errors.ts';
import { ask } from '../ownOperations.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';
import { timeBetween } from '../time.ts';

export interface CostOptions extends TargetFlags {
  readonly pool?: string;
  readonly job?: string;
  readonly task?: string;
  readonly since?: string;
  readonly region?: string;
  readonly format: 'table' | 'json';
}

/** What the service answers (docs/cost.md); null: nobody here knows the price. */
export interface Cost {
  readonly pool?: string;
  readonly job?: string;
  readonly task?: string;
  readonly since?: string;
  readonly until: string;
  readonly currency: string;
  readonly region: string;
  readonly prices: readonly { readonly size: string; readonly cores: number | null; readonly plain: number | null; readonly dedicated: number | null; readonly low: number | null }[];
  readonly lines: readonly {
    readonly pool: string;
    readonly size: string;
    readonly kind: 'dedicated' | 'low';
    readonly nodeSeconds: number;
    readonly idleShare?: number;
    readonly lostSeconds: number;
    readonly hourlyPrice: number | null;
    readonly cost: number | null;
  }[];
  readonly total: { readonly nodeSeconds: number; readonly idleShare?: number; readonly lostSeconds: number; readonly cost: number; readonly unknownPrices: readonly string[] };
}

/** `linarite cost`. @throws CommandError: usage, failure for a job or task that is not there, notRunning. */
export async function cost({ format, since, pool, job, task, region, ...target }: CostOptions): Promise<void> {
  const query = new URLSearchParams(Object.entries({ pool, job, task, region }).flatMap(([name, value]): [string, string][] => (value === undefined ? [] : [[name, value]])));
  if (since !== undefined) query.set('since', new Date(instantOf(since, Date.now())).toISOString());
  const text = await ask(targetOf(target), { path: `/linarite/cost${query.size === 0 ? '' : `?${query}`}` });
  console.log(format === 'json' ? text : describe(JSON.parse(text) as Cost).join('\n'));
}

const MOST_MS = 10 * 366 * 86_400_000;

/** `7d` before now, or the date. @throws CommandError usage. */
export function instantOf(text: string, now: number): number {
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(date)) return date;
  try {
    return now - timeBetween(0, MOST_MS, '')(text);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new CommandError(EXIT.usage, `"${text}" is no time: one is 30min, 12h, 7d, or a date like 2026-01-31 or 2026-01-31T12:00:00Z`);
  }
}

/** A table of the parts, their sum, and the prices behind it. */
export function describe({ lines, total, prices, currency, region, since, until, ...of }: Cost): string[] {
  const isOfNodes = of.job === undefined;
  const what = of.task !== undefined ? `task ${of.task} of job ${of.job ?? ''}` : of.job !== undefined ? `job ${of.job}` : of.pool !== undefined ? `pool ${of.pool}` : 'all pools';
  const head = ['pool', 'size', 'kind', isOfNodes ? 'node time' : 'share of nodes', ...(isOfNodes ? ['idle'] : []), 'lost work', `${currency}`];
  const rows = lines.map((line) => [line.pool, line.size || 'unknown', line.kind, duration(line.nodeSeconds), ...(isOfNodes ? [percent(line.idleShare)] : []), duration(line.lostSeconds), amount(line.cost)]);
  const sum = ['total', '', '', duration(total.nodeSeconds), ...(isOfNodes ? [percent(total.idleShare)] : []), duration(total.lostSeconds), `${amount(total.cost)}${total.unknownPrices.length === 0 ? '' : ' and what is unknown'}`];
  return [
    `${what}, ${since === undefined ? '' : `from ${since} `}until ${until}`,
    ...(lines.length === 0 ? ['nothing has been used'] : table([head, ...rows, sum])),
    ...(total.unknownPrices.length === 0 ? [] : [`no price is known of ${total.unknownPrices.join(', ')}: linarite up --sizes FILE gives one (docs/cost.md)`]),
    '',
    `${currency} an hour in ${region}`,
    ...table([['size', 'cores', 'plain VM', 'dedicated', 'low-priority'], ...prices.map(({ size, cores, plain, dedicated, low }) => [size, String(cores ?? 'unknown'), price(plain), price(dedicated), price(low)])]),
  ];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd());
}

function duration(seconds: number): string {
  return timeText(seconds * 1000);
}

function percent(share: number | undefined): string {
  return share === undefined ? '' : `${Math.round(share * 100)} %`;
}

function amount(cost: number | null): string {
  return cost === null ? 'unknown' : cost.toFixed(4);
}

function price(hourly: number | null): string {
  return hourly === null ? 'unknown' : String(hourly);
}
