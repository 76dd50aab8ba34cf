import type { Command, Decisions, JobGuard, OwnerRequest, PoolSample, TaskMove, UsageHour } from './decisions.ts';
import type { TaskIntent } from './intent.ts';
import type { JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from './keys.ts';
import type { Job, JobOnNode, Node, Pool, Schedule, Task } from './model.ts';
import { recentInstances } from './activity.ts';
import type { SampleRow } from './pool/samples.ts';
import type { JobStatus, NodeStatus, SubtaskStatus } from './status.ts';
import { STATUS_MEMORY_TICKS } from './tunables.ts';
import type { WireTaskState } from './wireState.ts';

/** The one door for effects: what has changed since the last `decide`. Each row comes once, with its last value. */
export class Changes {
  private readonly tasks: Task[] = [];
  private offeredTasks: Task[] = [];
  private addedTasks: NonNullable<Decisions['added']>[number][] = [];
  private moves: TaskMove[] = [];
  private readonly jobs: Job[] = [];
  private readonly pools: Pool[] = [];
  private readonly nodes: Node[] = [];
  /** Of `nodes`, those of which more has changed than the activity. */
  private readonly whole = new Set<NodeNumber>();
  private readonly jobNodes: JobOnNode[] = [];
  private readonly schedules: Schedule[] = [];
  private readonly usageHours = new Map<string, UsageHour>();
  /** By job, task and instance. */
  private readonly subtasks = new Map<string, SubtaskStatus>();
  private goneTasks: { readonly job: JobNumber; readonly task: TaskNumber }[] = [];
  private goneJobs: JobNumber[] = [];
  private gonePools: PoolNumber[] = [];
  private goneSchedules: ScheduleNumber[] = [];
  private requests: OwnerRequest[] = [];
  private satisfiedIds: { readonly job: JobNumber; readonly idKey: string }[] = [];
  private samples: PoolSample[] = [];
  private endings: { readonly job: Job; readonly before: Job['status'] }[] = [];
  private commands: Command[] = [];
  /** Tasks that ended, by decide: see `Job.recent`. */
  private readonly remembered: Task[][] = [];

  task(task: Task): void {
    if (task.dirty) return;
    task.dirty = true;
    this.tasks.push(task);
  }

  /** Nothing of it has changed but that it is offered, unless this tick writes its row in any case. */
  offered(task: Task): void {
    if (!task.dirty) this.offeredTasks.push(task);
  }

  taskAdded(job: Job, { task, id, idKey, createdAt }: TaskIntent): void {
    this.addedTasks.push({ job: job.number, task, id: id ?? idKey, at: createdAt });
  }

  /** Its row, which it has got by now, reads otherwise to clients than before. */
  taskMoved(from: WireTaskState, { status }: Task): void {
    this.moves.push({ from, status });
  }

  job(job: Job): void {
    if (job.dirty) return;
    job.dirty = true;
    this.jobs.push(job);
  }

  pool(pool: Pool): void {
    if (pool.dirty) return;
    pool.dirty = true;
    this.pools.push(pool);
  }

  sample(pool: Pool, [at, sample]: SampleRow): void {
    this.samples.push({ pool: pool.number, at, sample });
  }

  usage(more: UsageHour): void {
    const key = `${more.hour}.${more.pool}.${more.size}.${more.lowPriority}`;
    const { nodeMs = 0, busyMs = 0, lostMs = 0 } = this.usageHours.get(key) ?? {};
    this.usageHours.set(key, { ...more, nodeMs: nodeMs + more.nodeMs, busyMs: busyMs + more.busyMs, lostMs: lostMs + more.lostMs });
  }

  /** Anything of it. */
  node(node: Node): void {
    this.whole.add(node.number);
    this.nodeActivity(node);
  }

  /** Nothing of it but what stands in `NodeActivity`. */
  nodeActivity(node: Node): void {
    if (node.dirty) return;
    node.dirty = true;
    this.nodes.push(node);
  }

  jobNode(jobOnNode: JobOnNode): void {
    if (jobOnNode.dirty) return;
    jobOnNode.dirty = true;
    this.jobNodes.push(jobOnNode);
  }

  schedule(schedule: Schedule): void {
    if (schedule.dirty) return;
    schedule.dirty = true;
    this.schedules.push(schedule);
  }

  subtask(row: SubtaskStatus): void {
    this.subtasks.set(`${row.job}.${row.task}.${row.instance}`, row);
  }

  taskGone(job: JobNumber, task: TaskNumber): void {
    this.goneTasks.push({ job, task });
  }

  jobGone(job: JobNumber): void {
    this.goneJobs.push(job);
  }

  poolGone(pool: PoolNumber): void {
    this.gonePools.push(pool);
  }

  scheduleGone(schedule: ScheduleNumber): void {
    this.goneSchedules.push(schedule);
  }

  request(request: OwnerRequest): void {
    this.requests.push(request);
  }

  satisfied(job: JobNumber, idKey: string): void {
    this.satisfiedIds.push({ job, idKey });
  }

  /** The job ends by itself; `before`: its status without that. */
  ending(job: Job, before: Job['status']): void {
    this.endings.push({ job, before });
  }

  command(command: Command): void {
    this.commands.push(command);
  }

  /** Keeps how a task ended for the next `STATUS_MEMORY_TICKS` decides. */
  remember(task: Task): void {
    task.job.recent.set(task.number, task);
    let latest = this.remembered[0];
    if (latest === undefined) {
      latest = [];
      this.remembered.unshift(latest);
    }
    latest.push(task);
  }

  /**
   * Returns what has changed and forgets it. `isStill`: the decide looked at nothing. If no row has changed either, the
   * decide does not count towards `STATUS_MEMORY_TICKS`.
   */
  collect(isStill: boolean): Decisions {
    // A deleted task keeps its row and its place in the counts until its attempt is over.
    const tasks = drain(this.tasks).filter((task) => !(task.deleted && task.entry === -1) && !task.job.gone);
    const written = new Set(tasks);
    const decisions = {
      tasks: tasks.map((task) => task.status),
      offered: this.offeredTasks.flatMap((task) => (task.status.state === 'offered' && !written.has(task) ? [task.status] : [])),
      ...(this.addedTasks.length === 0 ? null : { added: this.addedTasks }),
      ...(this.moves.length === 0 ? null : { moves: this.moves }),
      jobs: drain(this.jobs).filter((job) => !job.gone).map((job) => jobRow(job)),
      pools: drain(this.pools).filter((pool) => !this.gonePools.includes(pool.number)).map((pool) => pool.status),
      samples: this.samples,
      ...(this.usageHours.size === 0 ? null : { usage: [...this.usageHours.values()] }),
      onlyActive: new Set(this.nodes.flatMap(({ number }) => (this.whole.has(number) ? [] : [number]))),
      nodes: drain(this.nodes).map(nodeRow),
      jobNodes: drain(this.jobNodes).filter(({ job }) => !job.gone).map(({ job, node, preparation, release }) => ({ job: job.number, node: node.number, preparation, release })),
      subtasks: this.remainingSubtasks(),
      schedules: drain(this.schedules).filter((schedule) => !schedule.gone).map(({ status }) => status),
      gone: { tasks: this.goneTasks, jobs: this.goneJobs, pools: this.gonePools, schedules: this.goneSchedules },
      requests: this.requests,
      satisfied: this.satisfiedIds.filter(({ job }) => !this.goneJobs.includes(job)),
      guards: this.endings.map(guardOf),
      commands: this.commands,
    };
    this.whole.clear();
    this.samples = [];
    this.usageHours.clear();
    this.offeredTasks = [];
    this.addedTasks = [];
    this.moves = [];
    this.subtasks.clear();
    this.goneTasks = [];
    this.goneJobs = [];
    this.gonePools = [];
    this.goneSchedules = [];
    this.requests = [];
    this.satisfiedIds = [];
    this.endings = [];
    this.commands = [];
    const { gone } = decisions;
    const rows = [decisions.tasks, decisions.jobs, decisions.pools, decisions.samples, decisions.usage ?? [], decisions.nodes, decisions.jobNodes, decisions.subtasks, decisions.schedules, gone.tasks, gone.jobs, gone.pools, gone.schedules, decisions.requests, decisions.satisfied, decisions.guards, decisions.commands];
    const isIdle = isStill && rows.every(({ length }) => length === 0);
    if (!isIdle) this.forget();
    return { ...decisions, isIdle };
  }

  /** Those of a task or a job that goes are removed with it. */
  private remainingSubtasks(): SubtaskStatus[] {
    const rows = [...this.subtasks.values()];
    if (rows.length === 0 || this.goneTasks.length + this.goneJobs.length === 0) return rows;
    const gone = new Set([...this.goneJobs.map(String), ...this.goneTasks.map(({ job, task }) => `${job}.${task}`)]);
    return rows.filter(({ job, task }) => !gone.has(String(job)) && !gone.has(`${job}.${task}`));
  }

  private forget(): void {
    this.remembered.unshift([]);
    for (const task of this.remembered.length > STATUS_MEMORY_TICKS ? (this.remembered.pop() ?? []) : []) {
      if (task.job.recent.get(task.number) === task) task.job.recent.delete(task.number);
    }
  }
}

function drain<Row extends { dirty: boolean }>(rows: Row[]): Row[] {
  const taken = rows.splice(0);
  for (const row of taken) row.dirty = false;
  return taken;
}

function jobRow(job: Job, status = job.status): JobStatus {
  return { ...status, open: job.directory.ranges(), ingested: job.ingested, tasks: { ...job.tasks }, slots: { ...job.slots }, ...(job.usage.length === 0 ? null : { usage: job.usage.map((one) => ({ ...one })) }) };
}

function guardOf({ job, before }: { readonly job: Job; readonly before: Job['status'] }): JobGuard {
  return { job: job.number, ingested: job.ingested, reactivations: job.intent.reactivations, otherwise: jobRow(job, before) };
}

function nodeRow(node: Node): NodeStatus {
  return {
    node: node.number,
    pool: node.pool.number,
    id: node.id,
    dedicated: node.dedicated,
    state: node.state,
    since: node.since,
    scheduling: node.scheduling,
    ...(node.restartSequence === 0 ? null : { restartSequence: node.restartSequence }),
    ...(node.restart === null ? null : { restart: node.restart }),
    ...(node.notice === null ? null : { notice: node.notice }),
    life: node.life,
    allocatedAt: node.allocatedAt,
    bootedAt: node.bootedAt,
    slots: node.slots,
    runningTasks: node.running.size,
    runningSlots: node.runningSlots,
    totalTasksRun: node.totalTasksRun,
    totalTasksSucceeded: node.totalTasksSucceeded,
    recentTasks: node.recentTasks.map(({ job, task }) => ({ job, task })),
    recentInstances: recentInstances(node),
    offers: [...node.offers].flatMap(({ instance, task, attempt }) => (instance === 0 ? [{ job: task.job.number, task: task.number, attempt }] : [])),
    startTask: node.startTask,
    errors: node.errors,
    retainUntil: node.retainUntil,
    agent: node.agent,
    goneAt: node.goneAt,
  };
}
