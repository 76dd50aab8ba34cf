import type { JobIntent, ScheduleIntent } from '../../src/core/intent.ts';
import type { ScheduleStatus } from '../../src/core/status.ts';
import { jobIntent, scheduleIntent } from '../support/intents.ts';
import { TestJob, type TestEnv } from './harness.ts';
import { scheduleIntake, type AutoPoolOptions, type ScheduleRow } from './requests.ts';

export function addSchedule(env: TestEnv, options: Partial<ScheduleIntent> = {}, job: Partial<JobIntent> = {}, autoPool: AutoPoolOptions = {}): TestSchedule {
  const schedule = env.number();
  const intent: ScheduleIntent = { schedule, ...scheduleIntent({ id: `s${schedule}`, createdAt: env.now, ...options }) };
  env.schedules.set(schedule, { intent, status: null, runs: 0, job: { ...jobIntent(), ...job }, autoPool });
  const added = new TestSchedule(env, schedule);
  added.tell();
  return added;
}

export class TestSchedule {
  readonly env: TestEnv;
  readonly number: number;

  constructor(env: TestEnv, number: number) {
    this.env = env;
    this.number = number;
  }

  get row(): ScheduleRow {
    const row = this.env.schedules.get(this.number);
    if (row === undefined) throw new Error(`schedule ${this.number} is gone`);
    return row;
  }

  get isGone(): boolean {
    return !this.env.schedules.has(this.number);
  }

  get status(): ScheduleStatus {
    const { status } = this.row;
    if (status === null) throw new Error('the schedule has no status yet');
    return status;
  }

  /** Those that are there, in the order in which they were made. */
  get jobs(): TestJob[] {
    return [...this.env.jobs].flatMap(([number, { intent }]) => (intent.schedule?.schedule === this.number ? [new TestJob(this.env, number)] : []));
  }

  get lastJob(): TestJob {
    const job = this.jobs.at(-1);
    if (job === undefined) throw new Error('the schedule has no job');
    return job;
  }

  get states(): (string | undefined)[] {
    return this.jobs.map((job) => this.env.jobs.get(job.number)?.status?.state);
  }

  ask(change: Partial<ScheduleIntent>): this {
    this.row.intent = { ...this.row.intent, ...change };
    return this.tell();
  }

  act(kind: 'enable' | 'disable' | 'terminate'): this {
    return this.ask({ action: { kind }, actionSequence: this.row.intent.actionSequence + 1, actionAt: this.env.now });
  }

  tell(): this {
    this.env.apply({ kind: 'schedule', schedule: scheduleIntake(this.row, this.env.jobs) });
    return this;
  }
}
