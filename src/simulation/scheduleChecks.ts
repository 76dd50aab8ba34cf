import type { JobNumber, ScheduleNumber } from '../core/keys.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { Tables } from './memoryStore.ts';

/**
 * What must hold of job schedules in every tick that is about to be applied: no job is made twice or out of turn, none
 * while another one of its schedule is not over, and none too early or too late. `decisions`: as they are applied.
 */
export function createScheduleChecks(options: { readonly tables: () => Tables; readonly violated: (what: string) => void }): (tick: TickCommit) => void {
  const { tables, violated } = options;
  const runs = new Map<ScheduleNumber, number>();

  const isOver = (job: JobNumber, { decisions }: TickCommit): boolean => {
    const status = decisions.jobs.find((row) => row.job === job) ?? tables().jobs.get(job)?.status;
    return status?.state === 'completed' || decisions.gone.jobs.includes(job);
  };

  return (tick) => {
    const { requests = [], gone, schedules = [] } = tick.decisions;
    for (const request of requests) {
      if (request.kind !== 'addJob') continue;
      const { schedule, run } = request;
      const record = tables().schedules.get(schedule);
      if (record === undefined) return violated(`a job of schedule ${schedule} is made, which is not there`);
      const last = runs.get(schedule) ?? 0;
      if (run !== last + 1) violated(`job ${run} of schedule ${schedule} is made after job ${last}`);
      runs.set(schedule, run);
      for (const [job, { intent }] of tables().jobs) {
        if (intent.schedule?.schedule === schedule && !isOver(job, tick)) violated(`job ${run} of schedule ${schedule} is made while job ${job} is not over`);
      }
      const { createdAt, doNotRunUntil, doNotRunAfter } = record.intent;
      if (tick.now < Math.max(createdAt, doNotRunUntil ?? 0)) violated(`job ${run} of schedule ${schedule} is made too early`);
      if (doNotRunAfter !== null && tick.now > doNotRunAfter) violated(`job ${run} of schedule ${schedule} is made too late`);
    }
    for (const { schedule, state } of schedules) {
      if (state !== 'completed') continue;
      for (const [job, { intent }] of tables().jobs) {
        if (intent.schedule?.schedule === schedule && !isOver(job, tick)) violated(`schedule ${schedule} is completed although job ${job} is not over`);
      }
    }
    for (const schedule of gone.schedules ?? []) {
      for (const [job, { intent }] of tables().jobs) {
        if (intent.schedule?.schedule === schedule && !gone.jobs.includes(job)) violated(`schedule ${schedule} is gone although job ${job} is not`);
      }
    }
  };
}
