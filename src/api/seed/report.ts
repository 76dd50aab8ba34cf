import { BatchError } from '../../wire/errors.ts';
import { ManagementError } from '../../wire/management/errors.ts';
import { TransferError } from '../../blobs/transferError.ts';
import { ResourceFailure } from '../../templates/run.ts';
import { isUnavailable } from '../../store/intents/statement.ts';
import type { ItemKind } from './item.ts';

/**
 * What became of an item. `updated`: it differed and was changed, because that was asked for. `differs`: it is there
 * and otherwise than the document says, and was left so.
 */
type Outcome = 'created' | 'unchanged' | 'updated' | 'differs' | 'refused';

export interface ItemReport {
  readonly kind: ItemKind;
  readonly id: string;
  readonly place: string;
  readonly outcome: Outcome;
  /** Names of what differs, or differed. */
  readonly differing?: readonly string[];
  readonly error?: Refusal;
}

export interface SeedReport {
  readonly dryRun: boolean;
  readonly items: readonly ItemReport[];
  readonly counts: Readonly<Record<Outcome, number>>;
}

/** Why an item was refused: the error that a client would have got. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The property that it is about, below the item. */
  readonly property?: string;
}

export function reportOf(items: readonly ItemReport[], dryRun: boolean): SeedReport {
  const counts = { created: 0, unchanged: 0, updated: 0, differs: 0, refused: 0 };
  for (const { outcome } of items) counts[outcome] += 1;
  return { dryRun, items, counts };
}

/** @throws what is no answer to a client: faults of ours, a database that is away. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof BatchError && !isUnavailable(error)) return ofBatch(error);
  if (error instanceof ManagementError) return { code: error.code, message: error.message };
  if (error instanceof ResourceFailure) return { code: error.failure.code, message: error.failure.message };
  if (error instanceof TransferError) return { code: error.code === '' ? 'StorageUnavailable' : error.code, message: error.message };
  throw error;
}

function ofBatch({ code, message, values }: BatchError): Refusal {
  const said = (key: string): string | undefined => values.find((value) => value.key === key)?.value;
  const property = said('PropertyName');
  const reason = said('Reason');
  return { code, message: reason === undefined ? message : `${message} ${reason}`, ...(property === undefined ? {} : { property }) };
}
