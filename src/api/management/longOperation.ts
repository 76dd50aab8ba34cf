import { findLongOperation, type LongOperation } from '../../store/intents/longOperations.ts';
import type { Database } from '../../store/intents/statement.ts';
import { ManagementError } from '../../wire/management/errors.ts';
import { isGuid } from '../../wire/management/guid.ts';
import type { Answer } from '../answer.ts';
import { empty } from './answers.ts';
import type { ManagementCall } from './call.ts';

/** The operation that a client polls. @throws ManagementError NotFound (404). */
export async function existingOperation(id: string, database: Database): Promise<LongOperation> {
  const found = isGuid(id) ? await findLongOperation(database, id) : null;
  if (found === null) throw new ManagementError('NotFound', `The operation '${id.slice(0, 64)}' is not known: results are kept for a day.`);
  return found;
}

/**
 * Begun: the client polls at `location`. The real service says 15 seconds or nothing, for which clients take 30; here
 * it is done in a second or two.
 */
export function begun(location: string): Answer {
  return empty(202, { location, 'retry-after': '1' });
}

/** It is under way: the client asks again where it has asked. */
export function underWay({ baseUrl, path, query }: Pick<ManagementCall, 'baseUrl' | 'path' | 'query'>): Answer {
  return begun(`${baseUrl}${path}?${query.toString()}`);
}
