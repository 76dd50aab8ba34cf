import { randomUUID } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import type { JobStatus, NodeStatus, TaskStatus } from '../src/core/status.ts';
import { connect } from '../src/store/connect.ts';
import { migrate } from '../src/store/migrate.ts';
import type { OwnerStore } from '../src/store/ownerStore.ts';
import { postgresOwnerStore } from '../src/store/owner/store.ts';
import { jobIntent } from '../test/support/intents.ts';
import { temporaryPostgres } from '../test/support/postgres.ts';

const TASKS = 50_000;
const NODES = 2;
const TICK_SIZES = [1, 8, 50, 100, 200];
const SECONDS_A_SIZE = 3;

/**
 * What an owner's ticks cost: each moves `size` tasks on by one state, with two node rows, the job's row and a journal
 * row; every other tick offers as many.
 */
export async function run(): Promise<Record<string, unknown>> {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'owner');
  try {
    await migrate(pool);
    const store = postgresOwnerStore(pool);
    await pool.query("insert into account (account, name, created) values (1, 'bench', 0)");
    const { epoch } = await store.claim(1, randomUUID(), 'http://bench');
    const job = await fill(pool);
    const settings = await pool.query("select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')");
    const figures: Record<string, unknown> = {};
    const ticks = ticker({ store, epoch, job });
    await ticks(50, 1000);
    for (const size of TICK_SIZES) {
      const { count, milliseconds, medianMs } = await ticks(size, SECONDS_A_SIZE * 1000);
      const perSecond = Math.round((count * size * 1000) / milliseconds);
      console.log(`ticks of ${String(size).padStart(3)} tasks: ${medianMs.toFixed(2)} ms each (median), ${perSecond} transitions/s`);
      figures[`transitionsPerSecond${size}`] = perSecond;
      figures[`tickMs${size}`] = Number(medianMs.toFixed(3));
    }
    return { ...figures, ...Object.fromEntries(settings.rows.map(({ name, setting }) => [name, setting])) };
  } finally {
    await pool.end();
    await postgres.remove();
  }
}

async function fill(pool: ReturnType<typeof connect>): Promise<number> {
  const { id, ...rules } = jobIntent();
  const job = await pool.query<{ job: number }>(
    `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at, next_task) values (1, $1, $1, $2, $2, 0, 0, 0, $3) returning account, job)
     insert into open_job (account, job) select account, job from added returning job`,
    [id, rules, TASKS + 1],
  );
  const number = job.rows[0]?.job ?? 0;
  await pool.query(
    `insert into task (job, task, id, id_key, spec, created, modified, required_slots)
     select $1, n, 'task-' || n, 'task-' || n, '{"id": "a", "commandLine": "/bin/true"}', 0, 0, 1 from generate_series(1, $2::int) n`,
    [number, TASKS],
  );
  return number;
}

const STATES = ['offered', 'running', 'completed'] as const;

function ticker({ store, epoch, job }: { store: OwnerStore; epoch: number; job: number }) {
  let done = 0;
  let tick = 0;
  return async (size: number, forMs: number): Promise<{ count: number; milliseconds: number; medianMs: number }> => {
    const durations: number[] = [];
    const begin = performance.now();
    while (performance.now() - begin < forMs) {
      const now = Date.now();
      const tasks = Array.from({ length: size }, (_, index): TaskStatus => {
        const step = done + index;
        // The same tasks are offered, run and completed in three ticks, then come the next ones.
        const task = ((Math.floor(step / (3 * size)) * size + (step % size)) % TASKS) + 1;
        return taskStatus(job, task, STATES[Math.floor(step / size) % 3] ?? 'active', now);
      });
      done += size;
      tick += 1;
      const offered = tasks[0]?.state === 'offered';
      const inputs = deflateRawSync(JSON.stringify(tasks.map(({ task }) => ({ kind: 'agent', node: 1, report: { kind: 'started', key: { job, task, attempt: 1, instance: 0 }, at: now } }))), { level: 1 });
      const start = performance.now();
      await store.commit({
        account: 1,
        epoch,
        tick,
        now,
        decisions: {
          tasks,
          jobs: [jobStatus(job, now, done)],
          pools: [],
          nodes: Array.from({ length: NODES }, (_, index) => nodeStatus(index + 1, now)),
          jobNodes: [],
          gone: { tasks: [], jobs: [], pools: [] },
          satisfied: [],
          isIdle: false,
          guards: [],
          commands: [],
        },
        inboxEntries: [],
        specs: offered ? tasks.map(({ task }) => ({ job, task })) : [],
        journal: { coreVersion: '1', seed: 1, inputs },
      });
      durations.push(performance.now() - start);
    }
    const milliseconds = performance.now() - begin;
    return { count: durations.length, milliseconds, medianMs: durations.toSorted((a, b) => a - b)[Math.floor(durations.length / 2)] ?? Number.NaN };
  };
}

function taskStatus(job: number, task: number, state: TaskStatus['state'], now: number): TaskStatus {
  return {
    job, task, state, since: now, previousState: 'active', previousSince: now, cause: 'started', attempt: 1, node: 1, startedAt: now,
    endedAt: state === 'completed' ? now : null, exitCode: state === 'completed' ? 0 : null, result: state === 'completed' ? 'success' : null, failure: null, container: null,
    retryCount: 0, lastRetryAt: null, requeueCount: 0, lastRequeueAt: null, reactivateSequence: 0, dependency: null, used: state === 'completed' ? [800, 600, 21, 3, 0, 4_096] : null, earlierMs: 0,
  };
}

function jobStatus(job: number, now: number, done: number): JobStatus {
  const tally = { active: TASKS, running: done % 8, succeeded: done, failed: 0 };
  return { job, state: 'active', since: now, previousState: null, previousSince: null, actionSequence: 0, endedAt: null, terminateReason: null, autoPoolId: null, schedulingError: null, open: [[0, TASKS]], ingested: TASKS, tasks: tally, slots: tally };
}

function nodeStatus(node: number, now: number): NodeStatus {
  return {
    node, pool: 1, id: `tvmps_${node}_d`, dedicated: true, state: 'running', since: now, scheduling: 'enabled', life: 1, allocatedAt: now, bootedAt: now, slots: 4,
    runningTasks: 4, runningSlots: 4, totalTasksRun: now, totalTasksSucceeded: now, startTask: null, errors: [], offers: [], retainUntil: now, goneAt: null,
    agent: { version: '0.1.0', ipAddress: '127.0.0.1', updatedAt: now },
    recentTasks: Array.from({ length: 10 }, (_, index) => ({ job: 1, task: index, state: 'completed', startedAt: now, endedAt: now, exitCode: 0, failure: null, result: 'success' })),
  };
}
