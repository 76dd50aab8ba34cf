import type { OwnerRequest } from '../../src/core/decisions.ts';
import type { CoreEvent, ScheduleIntake } from '../../src/core/events.ts';
import type { JobIntent, PoolIntent, ScheduleIntent } from '../../src/core/intent.ts';
import type { JobStatus, PoolStatus, ScheduleStatus } from '../../src/core/status.ts';
import { poolIntent } from '../support/intents.ts';

/** What an auto pool is made of. */
export interface AutoPoolOptions {
  readonly pool?: Partial<PoolIntent>;
  readonly keepAlive?: boolean;
}

export interface ScheduleRow {
  intent: ScheduleIntent;
  status: ScheduleStatus | null;
  /** Jobs made. */
  runs: number;
  readonly job: Partial<JobIntent>;
  readonly autoPool: AutoPoolOptions;
}

/** What of an account is needed to do what its rules ask for. */
interface Account {
  readonly now: number;
  readonly pools: Map<number, { intent: PoolIntent; status: PoolStatus | null }>;
  readonly jobs: Map<number, { intent: JobIntent; status: JobStatus | null }>;
  readonly schedules: ReadonlyMap<number, ScheduleRow>;
  readonly autoPools: ReadonlyMap<number, AutoPoolOptions>;
  number(): number;
  apply(...events: CoreEvent[]): void;
  addJob(options: Partial<JobIntent>, autoPool: AutoPoolOptions): unknown;
}

/** How a store tells of a schedule. */
export function scheduleIntake({ intent, status }: ScheduleRow, jobs: Account['jobs']): ScheduleIntake {
  const count = [...jobs.values()].filter((job) => job.intent.schedule?.schedule === intent.schedule).length;
  return { intent, status, jobs: intent.deletedAt === null ? null : count };
}

/** What a commit writes of what the rules ask for, told to them as the inbox would. */
export function carryOut(env: Account, request: OwnerRequest): void {
  switch (request.kind) {
    case 'addJob': {
      const row = env.schedules.get(request.schedule);
      if (row === undefined) throw new Error(`a job is asked for of schedule ${request.schedule}, which the store has not`);
      row.runs += 1;
      if (request.run !== row.runs) throw new Error(`job ${request.run} of a schedule is asked for after ${row.runs - 1}`);
      const { schedule, run, id } = request;
      env.addJob({ ...row.job, id, schedule: { schedule, run } }, row.autoPool);
      return;
    }
    case 'addPool': {
      const { pool: change = {}, keepAlive = false } = env.autoPools.get(request.job) ?? {};
      const pool = env.number();
      const intent: PoolIntent = { pool, ...poolIntent({ createdAt: env.now, resizeRequestedAt: env.now, ...change, id: request.id, isAuto: !keepAlive }) };
      env.pools.set(pool, { intent, status: null });
      env.apply({ kind: 'pool', intent });
      return;
    }
    case 'deleteAutoPool': {
      const row = env.pools.get(request.pool);
      if (row === undefined || !row.intent.isAuto || row.intent.deletedAt !== null) throw new Error(`the end of pool ${request.pool} is asked for in vain`);
      row.intent = { ...row.intent, deletedAt: env.now };
      env.apply({ kind: 'pool', intent: row.intent });
      return;
    }
    case 'deleteJobs': {
      const jobs = [...env.jobs.values()].filter(({ intent }) => intent.schedule?.schedule === request.schedule && intent.deletedAt === null);
      for (const row of jobs.slice(0, request.most)) {
        row.intent = { ...row.intent, deletedAt: env.now };
        env.apply({ kind: 'job', intent: row.intent, status: row.status });
      }
    }
  }
}
