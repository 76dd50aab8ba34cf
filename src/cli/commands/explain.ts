import { askOwn, type Connection } from '../ownOperations.ts';
import { linesOf } from '../resources/explain.ts';
import { explainFromStates } from '../resources/explainStates.ts';
import { NOUNS } from '../resources/nouns.ts';
import { targetOf, type TargetFlags } from '../resources/target.ts';

export interface ExplainOptions extends TargetFlags {
  readonly json?: boolean;
}

/** What the service answers (docs/explain.md). */
interface Explanation {
  readonly jobId: string;
  readonly taskId?: string;
  readonly state: string;
  readonly open?: number;
  readonly looked?: number;
  readonly reasons: readonly { readonly code: string; readonly message: string; readonly tasks?: number; readonly example?: string }[];
}

/**
 * `linarite explain JOB [TASK]`: why tasks wait. @throws CommandError: failure for a job or task that is not there,
 * notRunning.
 */
export async function explain(jobId: string, taskId: string | undefined, options: ExplainOptions): Promise<void> {
  const tasks = taskId === undefined ? '' : `/tasks/${encodeURIComponent(taskId)}`;
  const connection = targetOf(options);
  const text = await askOwn(connection, { path: `/linarite/jobs/${encodeURIComponent(jobId)}${tasks}/explain` });
  if (text === undefined) return explainStates(connection, { jobId, taskId, json: options.json === true });
  if (options.json === true) console.log(text);
  else console.log(describe(JSON.parse(text) as Explanation).join('\n'));
}

async function explainStates(connection: Connection, { jobId, taskId, json }: { readonly jobId: string; readonly taskId: string | undefined; readonly json: boolean }): Promise<void> {
  const place = taskId === undefined ? { connection, noun: NOUNS.job, parentId: undefined } : { connection, noun: NOUNS.task, parentId: jobId };
  const explanation = await explainFromStates(place, taskId ?? jobId);
  if (json) console.log(JSON.stringify(explanation));
  else for (const line of linesOf(explanation)) console.log(line);
}

function describe({ jobId, taskId, state, open = 0, looked = 0, reasons }: Explanation): string[] {
  if (taskId !== undefined) return [`task ${taskId} of job ${jobId} is ${state}`, ...reasons.map(({ message }) => `  ${message}`)];
  if (open === 0) return [`job ${jobId} is ${state}, and none of its tasks is waiting or running`];
  const part = looked < open ? `; of the first ${looked}:` : ':';
  return [
    `job ${jobId} is ${state}, with ${open} ${open === 1 ? 'task' : 'tasks'} that ${open === 1 ? 'has' : 'have'} not ended${part}`,
    ...reasons.map(({ message, tasks = 0, example }) => `  ${tasks} x ${message}${tasks > 1 && example !== undefined ? ` (so for task ${example})` : ''}`),
  ];
}
