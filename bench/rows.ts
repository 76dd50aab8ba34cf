import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodeInputs } from '../src/control/journal.ts';
import { createCore } from '../src/core/core.ts';
import type { Command, Decisions } from '../src/core/decisions.ts';
import type { CoreEvent } from '../src/core/events.ts';
import type { AttemptKey } from '../src/core/keys.ts';
import { connect } from '../src/store/connect.ts';
import { migrate } from '../src/store/migrate.ts';
import { postgresOwnerStore } from '../src/store/owner/store.ts';
import { jobIntent, poolIntent, taskIntent } from '../test/support/intents.ts';
import { temporaryPostgres } from '../test/support/postgres.ts';
import { databaseSettingsOf } from './support/databaseSettings.ts';

type Database = ReturnType<typeof connect>;

/** Each tick a node ends what runs on it and starts as much of what waits there: `nodes * slots` tasks a tick. */
const SHAPES = [{ nodes: 2, slots: 8 }, { nodes: 50, slots: 4 }, { nodes: 250, slots: 1 }] as const;
const TASKS = 20_000;
/** Not measured: nodes come up, statements are planned, tables get their first pages. */
const WARM_UP_TICKS = 20;
/** The owner's clock between two ticks. */
const TICK_MS = 20;

/**
 * What rows cost: CPU of the database's one backend, and bytes of its log, for each task that is offered, started and
 * ended. Rules and commits are those of production; agents are played, nobody speaks HTTP.
 */
export async function run(): Promise<Record<string, unknown>> {
  const postgres = await temporaryPostgres();
  const pool = connect(postgres.connection, 'owner', { maxConnections: 1 });
  try {
    await migrate(pool);
    const figures: Record<string, unknown> = {};
    let sum = 0;
    for (const [index, shape] of SHAPES.entries()) {
      const { backendUs, walBytes } = await costOf(pool, index + 1, shape);
      console.log(`${shape.nodes} nodes of ${shape.slots} slots: ${backendUs.toFixed(1)} us of the backend and ${Math.round(walBytes)} bytes of log a task`);
      figures[`backendUsPerTask${shape.nodes}Nodes`] = Number(backendUs.toFixed(1));
      figures[`walBytesPerTask${shape.nodes}Nodes`] = Math.round(walBytes);
      sum += backendUs;
    }
    return { backendUsPerTask: Number((sum / SHAPES.length).toFixed(1)), ...figures, ...(await databaseSettingsOf(pool)) };
  } finally {
    await pool.end();
    await postgres.remove();
  }
}

interface Cost {
  readonly backendUs: number;
  readonly walBytes: number;
}

async function costOf(database: Database, account: number, { nodes, slots }: (typeof SHAPES)[number]): Promise<Cost> {
  const job = await fill(database, account);
  const store = postgresOwnerStore(database);
  const { epoch } = await store.claim(account, randomUUID(), 'http://bench');
  const snapshot = await store.load(account);
  let now = 1_800_000_000_000;
  const core = createCore(snapshot, now);
  const agents = new Agents();
  const createdAt = now;
  let events: CoreEvent[] = [
    { kind: 'room', maxNodes: null },
    { kind: 'pool', intent: { pool: account, ...poolIntent({ createdAt, resizeRequestedAt: createdAt, targetDedicated: nodes, taskSlotsPerNode: slots }) } },
    { kind: 'job', intent: { job, nextTask: TASKS + 1, reactivations: 0, ...jobIntent({ createdAt, actionAt: createdAt }) }, status: null },
    { kind: 'tasks', job, through: TASKS, tasks: Array.from({ length: TASKS }, (_, index) => ({ intent: { task: index + 1, ...taskIntent(`task-${index + 1}`, { createdAt }) }, status: null })) },
  ];
  let measured: { readonly before: Cost; readonly ended: number } | undefined;
  for (let tick = 1; agents.ended < TASKS; tick += 1) {
    if (tick === WARM_UP_TICKS) measured = { before: await spent(database), ended: agents.ended };
    now += TICK_MS;
    for (const event of events) core.apply(event, now);
    const decisions: Decisions = core.decide(now, () => (tick * 0.618) % 1);
    const specs = decisions.commands.flatMap((command) => (command.kind === 'offer' ? [{ job: command.key.job, task: command.key.task }] : []));
    await store.commit({ account, epoch, tick, now, decisions, inboxEntries: [], specs, journal: { coreVersion: 'bench', seed: tick, inputs: encodeInputs(events), beginning: null } });
    events = agents.answer(decisions.commands, slots, now);
  }
  if (measured === undefined) throw new Error('too few ticks to measure');
  const { before, ended } = measured;
  const after = await spent(database);
  const tasks = TASKS - ended;
  return { backendUs: (after.backendUs - before.backendUs) / tasks, walBytes: (after.walBytes - before.walBytes) / tasks };
}

/** So far. */
async function spent(database: Database): Promise<Cost> {
  const { rows } = await database.query<{ pid: number; wal: string }>("select pg_backend_pid() as pid, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::text as wal");
  const [row] = rows;
  if (row === undefined) throw new Error('a backend without a number');
  const [nanoseconds] = readFileSync(`/proc/${row.pid}/schedstat`, 'utf8').split(' ');
  return { backendUs: Number(nanoseconds) / 1000, walBytes: Number(row.wal) };
}

/** All agents of the account: what was offered waits in order, and runs for a tick. */
class Agents {
  ended = 0;
  readonly #waiting = new Map<number, AttemptKey[]>();
  readonly #running = new Map<number, AttemptKey[]>();

  answer(commands: readonly Command[], slots: number, now: number): CoreEvent[] {
    const events: CoreEvent[] = [];
    for (const command of commands) {
      if (command.kind === 'acquire') {
        this.#waiting.set(command.node, []);
        events.push({ kind: 'agent', node: command.node, report: { kind: 'hello', life: command.life, version: '1.0.0', ipAddress: '127.0.0.1', held: [], startTask: null, ready: true } });
      } else if (command.kind === 'offer') this.#waiting.get(command.node)?.push(command.key);
      else throw new Error(`nobody plays what is to be done: ${command.kind}`);
    }
    for (const [node, waiting] of this.#waiting) {
      for (const key of this.#running.get(node) ?? []) {
        this.ended += 1;
        events.push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: now - 15, endedAt: now, outcome: { kind: 'exited', exitCode: 0 } } } });
      }
      const next = waiting.splice(0, slots);
      this.#running.set(node, next);
      for (const key of next) events.push({ kind: 'agent', node, report: { kind: 'started', key, at: now } });
    }
    return events;
  }
}

async function fill(database: Database, account: number): Promise<number> {
  const { id, ...rules } = jobIntent();
  await database.query('insert into account (account, name, created) values ($1::int, $1::text, 0)', [account]);
  const added = await database.query<{ job: number }>(
    `insert into job (account, id, id_key, spec, rules, created, modified, action_at, next_task) values ($1, $2, $2, $3, $3, 0, 0, 0, $4) returning job`,
    [account, id, rules, TASKS + 1],
  );
  const job = added.rows[0]?.job ?? 0;
  await database.query(
    `insert into task (job, task, id, id_key, spec, created, modified, required_slots)
     select $1, n, 'task-' || n, 'task-' || n, '{"id": "a", "commandLine": "/bin/true"}', 0, 0, 1 from generate_series(1, $2::int) n`,
    [job, TASKS],
  );
  return job;
}
