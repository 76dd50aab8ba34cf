import { unknownProperty } from './contract/reading.ts';
import { checkItems, isAnnotation, objectOf, wrongType } from './contract/readers.ts';
import { dataContract, TYPE_NAMESPACE } from './dataContract.ts';
import { BatchError } from './errors.ts';
import { shapes } from './shapes/index.ts';
import type { TaskAdd } from './types.generated.ts';
import type { ApiVersion } from './versions.ts';

/** One task of a collection: the task, or why it is refused. */
export type CollectedTask =
  | { readonly taskId: string; readonly task: TaskAdd }
  | { readonly taskId: string; readonly error: BatchError };

/**
 * Reads the body of addtaskcollection, where every task answers for itself (errors.md 4.4): a body that does not parse
 * as a whole throws, a task with a value the service refuses becomes an item with its error.
 */
export function readTaskCollection(version: ApiVersion, json: unknown): readonly CollectedTask[] {
  const body = objectOf(json, 'TaskAddCollection');
  for (const key of Object.keys(body)) {
    if (key !== 'value' && !isAnnotation(key)) throw unknownProperty(key, `${TYPE_NAMESPACE}.TaskAddCollection`);
  }
  const tasks = body['value'];
  if (tasks === undefined || tasks === null) throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'value' }]);
  if (!Array.isArray(tasks)) throw wrongType('value', 'an array');
  checkItems('value', tasks, shapes.TaskAddCollection.value);
  return tasks.map((item: unknown) => readCollected(version, item));
}

function readCollected(version: ApiVersion, item: unknown): CollectedTask {
  const taskId = objectOf(item, 'value')['id'];
  if (typeof taskId !== 'string') throw new BatchError('MissingRequiredProperty', [{ key: 'PropertyName', value: 'id' }]);
  try {
    return { taskId, task: dataContract.readBody('TaskAdd', version, item) };
  } catch (error) {
    if (!(error instanceof BatchError) || error.code === 'InvalidRequestBody') throw error;
    return { taskId, error };
  }
}
