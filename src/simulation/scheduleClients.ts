import type { ScheduleAction } from '../core/intent.ts';
import type { AccountNumber } from '../core/keys.ts';
import { scheduleState } from '../core/wireState.ts';
import type { IntentWriter, NewScheduledJob } from './intentWriter.ts';
import { newAutoPool } from './autoPools.ts';
import type { ScheduleRecord, Tables } from './memoryStore.ts';
import type { World } from './world.ts';

/** What clients do with job schedules. */
export function createScheduleClients(options: {
  readonly world: World;
  readonly account: AccountNumber;
  /** How many there are in all. */
  readonly count: number;
  /** They are added within this time. */
  readonly forMs: number;
  readonly poolIds: readonly string[];
  /** Share of those whose jobs have a pool made. */
  readonly autoPools: number;
  readonly intents: IntentWriter;
  readonly tables: Tables;
  readonly wake: () => void;
  readonly sweep: () => void;
}) {
  const { world, account, intents, tables } = options;
  const state = ({ intent, status }: ScheduleRecord): string => scheduleState(intent, status).state;
  const some = (...states: string[]) => world.pick([...tables.schedules.values()].filter((schedule) => states.includes(state(schedule))));
  const asked = ({ intent }: ScheduleRecord, kind: ScheduleAction['kind']): Promise<void> =>
    intents.changeSchedule(intent.schedule, { action: { kind }, actionSequence: intent.actionSequence + 1, actionAt: world.now() });

  /** Its jobs end with their manager, or by themselves at once, or when a client ends them. */
  const newJob = (): NewScheduledJob => {
    const kind = world.pick(['manager', 'empty', 'endless'] as const);
    const lifetime = world.chance(options.autoPools) ? world.pick(['job', 'jobschedule'] as const) : undefined;
    return {
      job: {
        ...PLAIN_JOB,
        poolId: lifetime === undefined ? (world.pick(options.poolIds) ?? '') : '',
        autoPool: lifetime === undefined ? null : { lifetime, prefix: 'auto' },
        priority: world.between(-10, 10),
        maxWallClockMs: kind === 'endless' ? world.between(2_000, 20_000) : null,
        onAllTasksComplete: kind === 'empty' ? 'terminatejob' : 'noaction',
        manager: kind === 'manager' ? { runExclusive: false, allowLowPriorityNode: true, killJobOnCompletion: true } : null,
      },
      ...(lifetime === undefined ? {} : { autoPool: newAutoPool(world) }),
      ...(kind === 'manager' ? { manager: MANAGER } : {}),
    };
  };

  const add = async (index: number): Promise<void> => {
    const now = world.now();
    const schedule = {
      ...PLAIN_SCHEDULE,
      id: `schedule-${index}`,
      createdAt: now,
      actionAt: now,
      doNotRunUntil: world.chance(0.3) ? now + world.between(0, 5_000) : null,
      doNotRunAfter: world.chance(0.2) ? now + world.between(10_000, 40_000) : null,
      startWindowMs: world.chance(0.3) ? world.between(500, 5_000) : null,
      recurrenceMs: world.chance(0.8) ? world.between(1_000, 8_000) : null,
    };
    await intents.addSchedule(account, schedule, newJob());
    options.sweep();
  };

  const actions: readonly (() => Promise<void> | undefined)[] = [
    () => {
      const schedule = some('active');
      return schedule && asked(schedule, 'disable');
    },
    () => {
      const schedule = some('disabled');
      return schedule && asked(schedule, 'enable');
    },
    () => {
      const schedule = world.chance(0.1) ? some('active', 'disabled') : undefined;
      return schedule && asked(schedule, 'terminate');
    },
    () => {
      const schedule = world.chance(0.1) ? some('active', 'disabled', 'terminating', 'completed') : undefined;
      return schedule && intents.changeSchedule(schedule.intent.schedule, { deletedAt: world.now() });
    },
    () => {
      const schedule = some('active', 'disabled');
      return schedule && intents.changeSchedule(schedule.intent.schedule, { recurrenceMs: world.between(1_000, 8_000), timingSequence: schedule.intent.timingSequence + 1 });
    },
  ];

  return {
    begin: (): void => {
      for (let index = 0; index < options.count; index += 1) world.after(world.between(0, options.forMs), () => void add(index));
    },
    act: (): void => void world.pick(actions)?.()?.then(options.wake),
    /** When all is calm: a schedule goes on for ever, if nobody ends it. */
    mend: (): void => {
      for (const schedule of tables.schedules.values()) if (['active', 'disabled'].includes(state(schedule))) void asked(schedule, 'terminate').then(options.wake);
    },
    deleteAll: (): void => {
      for (const { intent } of tables.schedules.values()) if (intent.deletedAt === null) void intents.changeSchedule(intent.schedule, { deletedAt: world.now() });
    },
  };
}

const PLAIN_JOB: NewScheduledJob['job'] = {
  poolId: '',
  autoPool: null,
  priority: 0,
  maxParallelTasks: -1,
  allowTaskPreemption: false,
  maxTaskRetryCount: 0,
  maxWallClockMs: null,
  usesTaskDependencies: false,
  onAllTasksComplete: 'noaction',
  onTaskFailure: 'noaction',
  preparation: null,
  release: null,
  manager: null,
  action: { kind: 'none' },
  actionSequence: 0,
  deletedAt: null,
};

const MANAGER: NonNullable<NewScheduledJob['manager']> = {
  idKey: '1',
  requiredSlots: 1,
  maxTaskRetryCount: null,
  affinity: null,
  dependsOn: null,
  exitConditions: null,
  retentionMs: 10_000,
  terminateAt: null,
  reactivateSequence: 0,
  deletedAt: null,
};

const PLAIN_SCHEDULE = { timingSequence: 1, action: { kind: 'none' }, actionSequence: 0, deletedAt: null } as const;
