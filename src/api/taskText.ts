import type { TaskWithStatus } from '../store/intents/tasks.ts';
import { isVerbatim } from '../wire/verbatim.ts';
import type { ApiVersion } from '../wire/versions.ts';
import { writeBody } from '../wire/write.ts';
import { taskStatus, wireTask, type TaskContext } from './taskView.ts';

/**
 * The JSON text of a task in a page. Pages have a thousand, and reading and writing their specifications again would be most of the work: where the client's version writes a
 * specification as it is stored, its text goes out as it is, with the status behind the id.
 */
export function taskText(row: TaskWithStatus, version: ApiVersion, context: TaskContext): string {
  return storedText(row, version, context) ?? JSON.stringify(writeBody('Task', version, wireTask(row, context)));
}

function storedText(row: TaskWithStatus, version: ApiVersion, context: TaskContext): string | null {
  const { spec } = row;
  const id = `{"id":${JSON.stringify(row.id)},`;
  const constraintsAt = spec.indexOf(CONSTRAINTS);
  if (!spec.startsWith(id) || constraintsAt < 0 || !isVerbatim('Task', version, spec)) return null;
  const constraintsEnd = spec.indexOf('}', constraintsAt);
  const retries = spec.indexOf(RETRIES, constraintsAt);
  const ownRetries = retries >= 0 && retries < constraintsEnd;
  const jobRetries = ownRetries ? '' : `,${RETRIES}${context.jobRetryCount}`;
  const status = JSON.stringify(taskStatus(row, context)).slice('{'.length, -'}'.length);
  return `${id}${status},${spec.slice(id.length, constraintsEnd)}${jobRetries}${spec.slice(constraintsEnd)}`;
}

// Found in JSON text only where they are names: within a string their quotes are escaped. No other object of a task has such a property.
const CONSTRAINTS = '"constraints":{';
const RETRIES = '"maxTaskRetryCount":';
