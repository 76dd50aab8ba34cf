import type { FixContext } from '../../../src/api/own/explain/fixes.ts';
import type { Fix } from '../../../src/wire/own/common.ts';
import { TestJob, TestPool, type TestEnv } from '../harness.ts';
import type { Asked } from './situation.ts';

/** What the operations of explain know when they are asked so. */
export function contextOf({ pool, job, task }: Asked): FixContext {
  const intent = pool?.row.intent;
  return {
    pool: intent === undefined ? null : { id: intent.id, spec: JSON.stringify({ enableAutoScale: (intent.autoScale ?? null) !== null }), targetDedicated: intent.targetDedicated, targetLowPriority: intent.targetLowPriority },
    ...(job === undefined ? null : { jobId: job.row.intent.id }),
    ...(task === undefined ? null : { taskId: job?.intentOf(task).idKey ?? '' }),
  };
}

/** Does to the rules what the service does on the fix's request. @throws Error on a request that is not known here. */
export function carryOutFix(env: TestEnv, { method, path, body }: Fix): void {
  const words = path.replace(/\?.*/, '').split('/').slice(1).map(decodeURIComponent);
  const asked = { ...body } as Readonly<Record<string, never>>;
  const [noun, id = '', act = method, of = '', actOf = ''] = words[0] === 'linarite' ? words.slice(1) : words;
  switch (`${noun} ${act} ${actOf}`.trim()) {
    case 'jobs enable':
      return void jobOf(env, id).enable();
    case 'jobs PATCH':
      return void jobOf(env, id).patch(asked);
    case 'jobs bulk':
      return changeTask(jobOf(env, id), asked);
    case 'jobs tasks reactivate':
      return void jobOf(env, id).reactivate(numberOf(env, jobOf(env, id), of));
    case 'pools resize': {
      const { targetDedicatedNodes = 0, targetLowPriorityNodes = 0 } = asked;
      return void poolOf(env, id).resize(targetDedicatedNodes, { targetLowPriority: targetLowPriorityNodes });
    }
    case 'pools evaluate': {
      const pool = poolOf(env, id);
      const { autoScale } = pool.row.intent;
      if (autoScale === undefined || autoScale === null) throw new Error(`pool ${id} has no formula`);
      return void pool.ask({ autoScale: { ...autoScale, sequence: autoScale.sequence + 1, at: env.now } });
    }
    case 'pools nodes reboot':
      return void poolOf(env, id).restart(nodeOf(env, of), 'reboot');
    case 'pools nodes start':
      return void poolOf(env, id).restart(nodeOf(env, of), 'start');
    case 'pools nodes enablescheduling':
      return void poolOf(env, id).askNode(nodeOf(env, of), { schedulingDisabled: null });
    case 'pools removenodes': {
      const pool = poolOf(env, id);
      const nodeList: readonly string[] = asked['nodeList'] ?? [];
      return void pool.remove(nodeList.map((node) => pool.nodes.findIndex((one) => one.id === node)));
    }
    default:
      throw new Error(`no operation of the tests for ${method} ${path}`);
  }
}

/** A bulk change of the slots removes the task and adds it anew (docs/own-operations.md). */
function changeTask(job: TestJob, { ids = [], change }: { readonly ids?: readonly string[]; readonly change?: { readonly requiredSlots: number } }): void {
  for (const id of ids) {
    const number = numberOf(job.env, job, id);
    job.deleteTask(number).task({ ...job.intentOf(number), ...change, idKey: id, deletedAt: null, task: job.row.intent.nextTask });
  }
}

function jobOf(env: TestEnv, id: string): TestJob {
  for (const [number, { intent }] of env.jobs) if (intent.id === id) return new TestJob(env, number);
  throw new Error(`no job ${id}`);
}

function poolOf(env: TestEnv, id: string): TestPool {
  for (const [number, { intent }] of env.pools) if (intent.id === id) return new TestPool(env, number);
  throw new Error(`no pool ${id}`);
}

function nodeOf(env: TestEnv, id: string): number {
  for (const { node, id: known } of env.nodes.values()) if (known === id) return node;
  throw new Error(`no node ${id}`);
}

function numberOf(env: TestEnv, job: TestJob, id: string): number {
  for (const [key, { intent }] of env.tasks) if (key.startsWith(`${job.number}.`) && intent.idKey === id) return intent.task;
  throw new Error(`no task ${id}`);
}
