import { ask, connectionOf } from '../ownOperations.ts';

export interface ExplainOptions {
  readonly dataDir?: string;
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
  const text = await ask(connectionOf(options.dataDir), { path: `/linarite/jobs/${encodeURIComponent(jobId)}${tasks}/explain` });
  if (options.json === true) console.log(text);
  else console.log(describe(JSON.parse(text) as Explanation).join('\n'));
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
