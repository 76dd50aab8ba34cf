import type { TaskWithStatus } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import type { ApiVersion } from '../../../wire/versions.ts';
import { taskHead, taskRun, viewOfTask, wireTask, type StoredTask, type TaskContext } from './view.ts';

/** A specification as it is stored: in the order of answers, so that `taskText` can send it as it is. */
export function taskSpecText(spec: StoredTask): string {
  return JSON.stringify(dataContract.inOrder('Task', spec));
}

/**
 * The JSON text of a task in a page. Pages have a thousand, and reading and writing their specifications again would be
 * most of the work: where the client's version writes a specification as it is stored, its text goes out as it is, with
 * the status where answers have it.
 */
export function taskText(row: TaskWithStatus, version: ApiVersion, context: TaskContext): string {
  return storedText(row, version, context) ?? JSON.stringify(dataContract.writeBody('Task', version, wireTask(row, context)));
}

function storedText(row: TaskWithStatus, version: ApiVersion, context: TaskContext): string | null {
  const { spec } = row;
  const commandLineAt = spec.indexOf(COMMAND_LINE);
  const constraintsAt = spec.indexOf(CONSTRAINTS, commandLineAt);
  if (commandLineAt < 0 || constraintsAt < 0 || !dataContract.isVerbatim('Task', version, spec)) return null;
  const constraintsEnd = spec.indexOf('}', constraintsAt);
  const retriesAt = spec.indexOf(RETRIES, constraintsAt);
  const jobRetries = retriesAt >= 0 && retriesAt < constraintsEnd ? '' : `${RETRIES}${context.jobRetryCount}`;
  const view = viewOfTask(row);
  const head = withinBraces(JSON.stringify(taskHead(row, view, context)));
  const run = withinBraces(JSON.stringify(taskRun(row, view, context)));
  // All else that it says is in each version.
  if (row.container !== null && !dataContract.isVerbatim('Task', version, run)) return null;
  return `${spec.slice(0, commandLineAt)},${head}${spec.slice(commandLineAt, constraintsEnd)}${jobRetries}${spec.slice(constraintsEnd, -'}'.length)},${run}}`;
}

function withinBraces(json: string): string {
  return json.slice('{'.length, -'}'.length);
}

// Found in JSON text only where they are names: within a string their quotes are escaped. No other object of a task has
// such properties.
const COMMAND_LINE = ',"commandLine":';
const CONSTRAINTS = ',"constraints":{';
const RETRIES = ',"maxTaskRetryCount":';
