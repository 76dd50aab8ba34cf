import { DelimitedError, readTable } from '../../base/delimited.ts';
import { timeMs } from '../../base/times.ts';
import { parseDuration } from '../../wire/durations.ts';
import { parseTimestamp } from '../../wire/timestamps.ts';
import { jobsByPriority, type Load, type LoadTask } from './load.ts';

/** A load file that cannot be read; the message names file, line and column. */
export class LoadFileError extends Error {}

type Row = LoadTask & { readonly priority: number };

interface Column<Value> {
  readonly name: string;
  readonly form: string;
  /** Of an empty field, and of a file without the column; undefined: it has to be there. */
  readonly otherwise: (row: number) => Value | undefined;
  /** undefined: it is not of the form. */
  readonly read: (text: string) => Value | undefined;
}

const TIME_FORM = 'a time such as 90, 90s, 1h30m or PT90S';

const COLUMNS = {
  id: { name: 'id', form: 'a name', otherwise: (row) => String(row), read: (text) => text },
  arrivalMs: { name: 'arrival', form: `${TIME_FORM} after the beginning, or a moment such as 2026-11-30T08:00:00Z`, otherwise: () => 0, read: (text) => readMs(text) ?? parseTimestamp(text) },
  durationMs: { name: 'duration', form: TIME_FORM, otherwise: () => undefined, read: readMs },
  slots: { name: 'slots', form: 'a whole number from 1 to 256', otherwise: () => 1, read: (text) => whole(text, 1, 256) },
  priority: { name: 'priority', form: 'a whole number from -1000 to 1000', otherwise: () => 0, read: (text) => whole(text, -1_000, 1_000) },
  exits: { name: 'exit', form: "an exit code, or one for each run such as '1 0'", otherwise: () => [], read: readExits },
} as const satisfies { readonly [Property in keyof Row]: Column<Row[Property]> };

/**
 * Reads a CSV file with the columns id, arrival, duration, slots, priority and exit, of which only duration has to be
 * there; numbers without a unit are seconds. Moments count from the earliest one. `retries`: how often a task that
 * fails is tried again. @throws LoadFileError
 */
export function readLoadFile(text: string, file: string, retries: number): Load {
  const { columns, records } = tableOf(text, file);
  const known = Object.values(COLUMNS).map(({ name }) => name as string);
  const unknown = columns.find((column) => !known.includes(column));
  if (unknown !== undefined) throw new LoadFileError(`${file}:1: there is no column "${unknown}"; there are ${known.join(', ')}`);
  if (records.length === 0) throw new LoadFileError(`${file} has no tasks`);
  const rows = records.map(({ line, fields }, index): Row => {
    const field = <Value>({ name, form, otherwise, read }: Column<Value>): Value => {
      const given = fields[columns.indexOf(name)]?.trim() ?? '';
      const value = given === '' ? otherwise(index + 1) : read(given);
      if (value === undefined) throw new LoadFileError(`${file}:${line}: ${name}: ${given === '' ? 'it is missing' : `"${given}" is not ${form}`}`);
      return value;
    };
    return {
      id: field<Row['id']>(COLUMNS.id),
      arrivalMs: field<Row['arrivalMs']>(COLUMNS.arrivalMs),
      durationMs: field<Row['durationMs']>(COLUMNS.durationMs),
      slots: field<Row['slots']>(COLUMNS.slots),
      priority: field<Row['priority']>(COLUMNS.priority),
      exits: field<Row['exits']>(COLUMNS.exits),
    };
  });
  // Moments are far beyond any time after a beginning.
  const earliest = rows.reduce((least, { arrivalMs }) => Math.min(least, arrivalMs), Number.POSITIVE_INFINITY);
  const beginsAt = earliest >= EARLIEST_MOMENT ? earliest : 0;
  const mixed = beginsAt === 0 ? rows.findIndex(({ arrivalMs }) => arrivalMs >= EARLIEST_MOMENT) : -1;
  if (mixed >= 0) throw new LoadFileError(`${file}:${records[mixed]?.line}: arrival: it is a moment, and that of other tasks a time after the beginning`);
  return { name: file, jobs: jobsByPriority(rows.map((row) => ({ ...row, arrivalMs: row.arrivalMs - beginsAt })), retries) };
}

/** 1990-01-01. */
const EARLIEST_MOMENT = 631_152_000_000;

function tableOf(text: string, file: string): ReturnType<typeof readTable> {
  try {
    return readTable(text, ',');
  } catch (error) {
    throw error instanceof DelimitedError ? new LoadFileError(`${file}:${error.line}: ${error.message}`, { cause: error }) : error;
  }
}

function readMs(text: string): number | undefined {
  const ms = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1_000 : (timeMs(text) ?? parseDuration(text));
  return ms === undefined || ms >= EARLIEST_MOMENT ? undefined : Math.round(ms);
}

function readExits(text: string): readonly number[] | undefined {
  const exits = text.split(/[\s;]+/).map((part) => whole(part, -2_147_483_648, 2_147_483_647));
  return exits.includes(undefined) ? undefined : exits.map(Number);
}

function whole(text: string, least: number, most: number): number | undefined {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : undefined;
}
