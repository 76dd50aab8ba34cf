import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { TaskTransition, Transition } from '../core/transitions/transition.ts';

/**
 * Transitions as bytes. Thousands of those of tasks come in a second, so each is an array of its values in the order of
 * `TASK_FIELDS`, and what names its job and node stands once before all of them; the others stay as they are.
 */
interface Code {
  /** By their numbers: the job's id, and the id of the pool that it names. */
  readonly jobs: Record<string, readonly [jobId: string, poolId: string | undefined]>;
  /** By their numbers: the node's id, and its pool's. */
  readonly nodes: Record<string, readonly [nodeId: string, poolId: string | undefined]>;
  readonly all: (TaskCode | Exclude<Transition, TaskTransition>)[];
}

type TaskCode = readonly unknown[];

const TASK_FIELDS = ['kind', 'at', 'job', 'task', 'taskId', 'from', 'state', 'cause', 'attempt', 'node', 'retryCount', 'requeueCount', 'exitCode', 'startedAt', 'endedAt', 'result', 'failure'] as const satisfies readonly (keyof TaskTransition)[];
/** Of these null is a value. */
const NULLABLE: ReadonlySet<string> = new Set(['taskId', 'from']);

export function encodeTransitions(transitions: readonly Transition[]): Uint8Array {
  const code: Code = { jobs: {}, nodes: {}, all: [] };
  for (const transition of transitions) code.all.push('task' in transition ? taskCode(transition, code) : transition);
  return deflateRawSync(JSON.stringify(code), { level: 1 });
}

export function decodeTransitions(bytes: Uint8Array): readonly Transition[] {
  const code = JSON.parse(inflateRawSync(bytes).toString('utf8')) as Code;
  return code.all.map((one) => (isTask(one) ? taskOf(one, code) : one));
}

function isTask(one: Code['all'][number]): one is TaskCode {
  return Array.isArray(one);
}

/** Written out: this is done several times for each task. */
function taskCode(of: TaskTransition, { jobs, nodes }: Code): TaskCode {
  if (of.jobId !== null && (jobs[of.job] === undefined || of.kind === 'task.created')) jobs[of.job] = [of.jobId, of.kind === 'task.created' ? of.poolId : undefined];
  if (of.node !== undefined && of.nodeId !== undefined) nodes[of.node] ??= [of.nodeId, of.poolId];
  return [of.kind, of.at, of.job, of.task, of.taskId, of.from, of.state, of.cause, of.attempt, of.node, of.retryCount, of.requeueCount, of.exitCode, of.startedAt, of.endedAt, of.result, of.failure];
}

function taskOf(values: TaskCode, { jobs, nodes }: Code): TaskTransition {
  const task: Record<string, unknown> = {};
  TASK_FIELDS.forEach((field, place) => {
    const value = values[place];
    if (value !== undefined && (value !== null || NULLABLE.has(field))) task[field] = value;
  });
  const job = jobs[String(task['job'])];
  const node = task['node'] === undefined ? undefined : nodes[String(task['node'])];
  const poolId = node === undefined ? (task['kind'] === 'task.created' ? job?.[1] : undefined) : node[1];
  return { ...task, jobId: job?.[0] ?? null, ...(node === undefined ? {} : { nodeId: node[0] }), ...(typeof poolId === 'string' ? { poolId } : {}) } as TaskTransition;
}
