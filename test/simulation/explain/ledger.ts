import { resumeCore } from '../../../src/core/core.ts';
import type { CoreEvent, Snapshot } from '../../../src/core/events.ts';
import type { TaskIntent } from '../../../src/core/intent.ts';
import type { Instant } from '../../../src/core/keys.ts';
import type { Core } from '../../../src/core/port.ts';
import { taskIntent } from '../../support/intents.ts';
import { testEnv, type TestEnv } from '../../core/harness.ts';

/**
 * What rules were told and what they said, row by row, kept beside them: what `explain` says is held against it, since
 * it looks at what the rules hold themselves.
 */
export function ledgerOf(core: Core, snapshot: Snapshot, now: Instant): TestEnv {
  const env = testEnv();
  env.core = core;
  env.now = now;
  for (const row of snapshot.pools) env.pools.set(row.intent.pool, { ...row });
  for (const row of snapshot.nodes) env.nodes.set(row.node, row);
  for (const row of snapshot.nodeIntents ?? []) env.nodeIntents.set(row.node, row);
  for (const row of snapshot.jobs) env.jobs.set(row.intent.job, { ...row });
  for (const row of snapshot.jobNodes) env.jobNodes.set(`${row.job}.${row.node}`, row);
  for (const row of snapshot.subtasks ?? []) env.subtasks.set(`${row.job}.${row.task}.${row.instance}`, row);
  for (const { job, ids } of snapshot.satisfied) for (const id of ids) env.satisfied.add(`${job}/${id}`);
  for (const { job, tasks, plain } of snapshot.tasks) {
    for (const { intent, status } of tasks) setTask(env, job, intent, status);
    for (const [index, task] of plain.numbers.entries()) {
      const [createdAt = now, requiredSlots = 1] = [plain.createdAt[index], plain.slots[index]];
      setTask(env, job, { ...taskIntent(String(task), { createdAt, requiredSlots, retentionMs: plain.retentionMs }), task }, null);
    }
  }
  return env;
}

function setTask(env: TestEnv, job: number, intent: TaskIntent, status: Parameters<typeof env.tasks.set>[1]['status']): void {
  env.tasks.set(`${job}.${intent.task}`, { intent, status, offered: null });
}

/** What clients ask for, before the rules hear of it. */
export function note(env: TestEnv, event: CoreEvent): void {
  switch (event.kind) {
    case 'pool':
      env.pools.set(event.intent.pool, { intent: event.intent, status: env.pools.get(event.intent.pool)?.status ?? null });
      return;
    case 'job':
      env.jobs.set(event.intent.job, { intent: event.intent, status: env.jobs.get(event.intent.job)?.status ?? event.status });
      return;
    case 'nodeAsked':
      env.nodeIntents.set(event.intent.node, event.intent);
      return;
    case 'task':
    case 'tasks':
      for (const { intent, status } of event.kind === 'task' ? [event.task] : event.tasks) {
        const known = env.tasks.get(`${event.job}.${intent.task}`);
        if (known === undefined) setTask(env, event.job, intent, status);
        else known.intent = intent;
      }
      return;
    case 'satisfied':
      for (const id of event.ids) env.satisfied.add(`${event.job}/${id}`);
      return;
    default:
  }
}

/** The same account once more, to try something on. Right after a decide, before the rules hear anything else. */
export function forked(env: TestEnv): TestEnv {
  const other = testEnv();
  other.core = resumeCore(structuredClone({ held: env.core.image().held }));
  other.now = env.now;
  const maps = structuredClone({ pools: env.pools, nodes: env.nodes, nodeIntents: env.nodeIntents, jobs: env.jobs, jobNodes: env.jobNodes, tasks: env.tasks, subtasks: env.subtasks });
  copy(maps.pools, other.pools);
  copy(maps.nodes, other.nodes);
  copy(maps.nodeIntents, other.nodeIntents);
  copy(maps.jobs, other.jobs);
  copy(maps.jobNodes, other.jobNodes);
  copy(maps.tasks, other.tasks);
  copy(maps.subtasks, other.subtasks);
  for (const id of env.satisfied) other.satisfied.add(id);
  const last = Math.max(0, ...env.pools.keys(), ...env.jobs.keys());
  while (other.number() < last);
  return other;
}

function copy<Key, Value>(from: ReadonlyMap<Key, Value>, to: Map<Key, Value>): void {
  for (const [key, value] of from) to.set(key, value);
}
