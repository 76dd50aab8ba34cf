import type { BulkWork } from '../../../store/intents/bulkOperations.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { invalidProperty } from '../../../wire/errors.ts';
import { BULK_ACTIONS, type BulkAction } from '../../../wire/own/bulk.ts';
import { NEWEST_API_VERSION } from '../../../wire/versions.ts';
import { objectOf } from '../json.ts';

export interface BulkAsked {
  readonly action: BulkAction;
  /** One of both. */
  readonly ids: readonly string[] | null;
  readonly filter: string | null;
  readonly text: string;
  /** A `Rev`; null: none. */
  readonly asOf: string | null;
  readonly change: BulkWork['change'];
  readonly dryRun: boolean;
}

const MOST_IDS = 10_000;
const CHANGES = ['constraints', 'requiredSlots', 'commandLine', 'environmentSettings'] as const;

/** `{action, ids | filter (and q), asOf, change, dryRun}`. @throws BatchError with the property named. */
export function readBulk(body: unknown): BulkAsked {
  const { action, ids, filter, q = '', asOf = null, change, dryRun = false, ...more } = objectOf(body, 'the body');
  const unknown = Object.keys(more)[0];
  if (unknown !== undefined) throw invalidProperty(unknown, more[unknown], 'There is no such property.');
  const known = BULK_ACTIONS.find((one) => one === action);
  if (known === undefined) throw invalidProperty('action', action, `It is none of ${BULK_ACTIONS.join(', ')}.`, action === undefined ? 'MissingRequiredProperty' : 'InvalidPropertyValue');
  if ((ids === undefined) === (filter === undefined)) throw invalidProperty('ids', ids, 'Either ids or filter says which tasks are meant.');
  if (filter !== undefined && typeof filter !== 'string') throw invalidProperty('filter', filter, 'It must be a string.');
  if (typeof q !== 'string' || (q !== '' && filter === undefined)) throw invalidProperty('q', q, 'It must be a string, beside a filter.');
  if (asOf !== null && (typeof asOf !== 'string' || !/^\d+-\d+$/.test(asOf))) throw invalidProperty('asOf', asOf, 'It must be a rev that an answer had.');
  if (typeof dryRun !== 'boolean') throw invalidProperty('dryRun', dryRun, 'It must be true or false.');
  return { action: known, ids: ids === undefined ? null : readIds(ids), filter: filter ?? null, text: q, asOf, change: readChange(known, change), dryRun };
}

function readIds(ids: unknown): readonly string[] {
  const isList = Array.isArray(ids) && ids.length > 0 && ids.length <= MOST_IDS && ids.every((id) => typeof id === 'string' && !id.includes('\0'));
  if (!isList) throw invalidProperty('ids', ids, `It must be a list of 1 to ${MOST_IDS} ids.`);
  return ids as readonly string[];
}

function readChange(action: BulkAction, change: unknown): BulkWork['change'] {
  if (change === undefined) {
    if (action === 'change') throw invalidProperty('change', change, 'It says what is to be changed.', 'MissingRequiredProperty');
    return undefined;
  }
  if (action !== 'rerun' && action !== 'change') throw invalidProperty('change', change, `It goes with rerun and change, not with ${action}.`);
  const given = objectOf(change, 'change');
  const unknown = Object.keys(given).find((name) => !CHANGES.some((known) => known === name));
  if (unknown !== undefined) throw invalidProperty(unknown, given[unknown], `There are ${CHANGES.join(', ')}.`);
  if (Object.keys(given).length === 0) throw invalidProperty('change', change, `It has one of ${CHANGES.join(', ')}.`);
  // Read as the properties of a task that is added.
  const read = dataContract.readBody('TaskAdd', NEWEST_API_VERSION, { id: 'x', commandLine: 'x', ...given });
  return Object.fromEntries(CHANGES.filter((name) => Object.hasOwn(given, name)).map((name) => [name, read[name]]));
}
