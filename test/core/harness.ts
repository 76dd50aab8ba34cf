import { expect } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import { withoutEndings, type Command, type Decisions, type EndReason } from '../../src/core/decisions.ts';
import type { AgentReport, AttemptOutcome, CoreEvent, HeldAttempt, SilenceStep, Snapshot } from '../../src/core/events.ts';
import type { DrillIntent, JobAction, JobIntent, NodeIntent, NodeRestart, PoolIntent, Quotas, TaskIntent } from '../../src/core/intent.ts';
import type { OwnSample, SampleRow } from '../../src/core/pool/samples.ts';
import { activityOf } from '../../src/core/activity.ts';
import { attemptName, type AttemptKey, jobTaskName, type JobTaskKey, type JobTaskKind, type NodeNumber, type TaskNumber } from '../../src/core/keys.ts';
import type { Core, JobExplanation } from '../../src/core/port.ts';
import type { Reason } from '../../src/core/reasons.ts';
import type { JobNodeStatus, JobStatus, NodeStatus, PoolStatus, SubtaskStatus, StartTaskStatus, TaskStatus } from '../../src/core/status.ts';
import { jobIntent, poolIntent } from '../support/intents.ts';
import { asLoaded } from '../../src/simulation/plainTasks.ts';
import { carryOut, scheduleIntake, type AutoPoolOptions, type ScheduleRow } from './requests.ts';

/**
 * An account in virtual time: the rules, a store that is a few maps, and agents that do what a test says. Nothing
 * waits: `settle()` ticks until rules and agents have nothing more to say to each other.
 *
 *     const env = testEnv();
 *     env.pool({ slots: 4, nodes: 2 });
 *     const job = env.job().tasks(10);
 *     env.settle();
 *     job.end(1, { exitCode: 0 });
 */
export function testEnv(): TestEnv {
  return new TestEnv();
}

const EMPTY: Snapshot = { pools: [], nodes: [], nextNode: 1000, jobs: [], jobNodes: [], tasks: [], satisfied: [] };
const WEEK_MS = 7 * 24 * 3_600_000;

export const EXIT_0: AttemptOutcome = { kind: 'exited', exitCode: 0 };
export function exited(exitCode: number): AttemptOutcome {
  return { kind: 'exited', exitCode };
}

interface TaskRow {
  intent: TaskIntent;
  status: TaskStatus | null;
  /** What stands in its node's row alone, since its own was written. */
  offered: TaskStatus | null;
}

function seen({ status, offered }: TaskRow): TaskStatus | null {
  return offered ?? status;
}

export class TestEnv {
  now = 1_000_000;
  core: Core = createCore(EMPTY, this.now);
  readonly pools = new Map<number, { intent: PoolIntent; status: PoolStatus | null }>();
  /** What was measured of pools. */
  readonly samples = new Map<number, SampleRow[]>();
  readonly ownSamples = new Map<number, OwnSample[]>();
  readonly nodes = new Map<NodeNumber, NodeStatus>();
  readonly nodeIntents = new Map<NodeNumber, NodeIntent>();
  /** As a load finds them. */
  quotas: Quotas = {};
  drills: readonly DrillIntent[] = [];
  readonly jobs = new Map<number, { intent: JobIntent; status: JobStatus | null }>();
  readonly schedules = new Map<number, ScheduleRow>();
  /** What the auto pools of jobs are made of, by job. */
  readonly autoPools = new Map<number, AutoPoolOptions>();
  /** By `job.task`: what the store has of it. */
  readonly tasks = new Map<string, TaskRow>();
  /** By `job.node`. */
  readonly jobNodes = new Map<string, JobNodeStatus>();
  /** By `job.task.instance`. */
  readonly subtasks = new Map<string, SubtaskStatus>();
  readonly agents = new Map<NodeNumber, TestAgent>();
  /** What the store keeps of ids satisfied by tasks that are no more, `job/id`. */
  readonly satisfied = new Set<string>();
  /** Commands of all decides so far. */
  readonly commands: Command[] = [];
  decisions: Decisions[] = [];
  /** Agents come up by themselves, ready, in `settle`. */
  bootsByItself = true;
  /** Why the provider cannot give a low-priority node; null: it can. */
  noLowPriority: string | null = null;
  /** See `meanwhile`. */
  readonly #meanwhile = new Map<number, () => void>();
  #seed = 1;
  #lastNumber = 0;

  random = (): number => {
    this.#seed = (this.#seed * 48_271) % 2_147_483_647;
    return this.#seed / 2_147_483_647;
  };

  number(): number {
    this.#lastNumber += 1;
    return this.#lastNumber;
  }

  apply(...events: CoreEvent[]): void {
    for (const event of events) this.core.apply(event, this.now);
  }

  /** One tick: decides and writes into the store; the agents are told nothing of it yet. */
  tick(): Decisions {
    const decided = this.core.decide(this.now, this.random);
    const refused = decided.guards.flatMap(({ job }) => (this.#meanwhile.has(job) ? [job] : []));
    const decisions = withoutEndings(decided, refused);
    this.decisions.push(decided);
    for (const row of decisions.pools) this.#put(this.pools, row.pool, row);
    for (const { pool, at, sample } of decisions.samples ?? []) this.samples.set(pool, [...(this.samples.get(pool) ?? []), [at, sample]]);
    for (const row of decisions.jobs) this.#put(this.jobs, row.job, row);
    for (const row of decisions.tasks) {
      const known = this.tasks.get(`${row.job}.${row.task}`);
      if (known === undefined) throw new Error(`a row for task ${row.job}.${row.task}, which the store has not`);
      known.status = row;
      known.offered = null;
    }
    for (const row of decisions.offered ?? []) {
      const known = this.tasks.get(`${row.job}.${row.task}`);
      if (known === undefined) throw new Error(`task ${row.job}.${row.task} is offered, which the store has not`);
      known.offered = row;
    }
    for (const row of decisions.nodes) {
      const known = this.nodes.get(row.node);
      if (decisions.onlyActive?.has(row.node) === true) expect({ ...known, ...activityOf(row) }, 'more than its activity has changed').toEqual(row);
      this.nodes.set(row.node, row);
    }
    for (const row of decisions.jobNodes) this.jobNodes.set(`${row.job}.${row.node}`, row);
    for (const row of decisions.subtasks ?? []) this.subtasks.set(`${row.job}.${row.task}.${row.instance}`, row);
    for (const { job, idKey } of decisions.satisfied) this.satisfied.add(`${job}/${idKey}`);
    for (const { job, task } of decisions.gone.tasks) {
      this.tasks.delete(`${job}.${task}`);
      for (const key of this.subtasks.keys()) if (key.startsWith(`${job}.${task}.`)) this.subtasks.delete(key);
    }
    for (const job of decisions.gone.jobs) {
      this.jobs.delete(job);
      for (const rows of [this.tasks, this.subtasks, this.jobNodes]) for (const key of rows.keys()) if (key.startsWith(`${job}.`)) rows.delete(key);
    }
    for (const pool of decisions.gone.pools) this.pools.delete(pool);
    for (const row of decisions.schedules ?? []) this.#put(this.schedules, row.schedule, row);
    for (const schedule of decisions.gone.schedules ?? []) this.schedules.delete(schedule);
    this.commands.push(...decisions.commands);
    for (const job of refused) {
      const happen = this.#meanwhile.get(job);
      this.#meanwhile.delete(job);
      this.apply({ kind: 'endingRefused', job });
      happen?.();
    }
    for (const request of decisions.requests ?? []) carryOut(this, request);
    return decisions;
  }

  /** While the end of the job by itself is committed, clients ask for what `happen` does: the commit refuses it. */
  meanwhile(job: TestJob, happen: () => void): void {
    this.#meanwhile.set(job.number, happen);
  }

  #put<Status>(rows: Map<number, { status: Status | null }>, key: number, status: Status): void {
    const row = rows.get(key);
    if (row === undefined) throw new Error(`a row for ${key}, which the store has not`);
    row.status = status;
  }

  /** Ticks, and lets agents and provider do what they are told, until nobody has anything to say. */
  settle(): this {
    for (let round = 0; round < 1000; round++) {
      const expected = this.#meanwhile.size;
      const { commands, requests = [] } = this.tick();
      for (const command of commands) this.#obey(command);
      const reports = [...this.agents.values()].flatMap((agent) => agent.work());
      this.apply(...reports);
      const isDue = (this.core.nextTimer() ?? Number.POSITIVE_INFINITY) <= this.now;
      if (commands.length + requests.length === 0 && reports.length === 0 && this.#meanwhile.size === expected && !isDue) return this;
    }
    throw new Error('does not settle');
  }

  /** Time passes; timers fire when they are due. */
  pass(ms: number): this {
    this.settle();
    const until = this.now + ms;
    for (let timer = this.core.nextTimer(); timer !== null && timer <= until; timer = this.core.nextTimer()) {
      this.now = Math.max(this.now, timer);
      this.settle();
    }
    this.now = until;
    return this.settle();
  }

  #obey(command: Command): void {
    switch (command.kind) {
      case 'acquire': {
        const node = this.nodes.get(command.node);
        if (node === undefined) throw new Error('acquire of a node that has no row');
        if (!command.dedicated && this.noLowPriority !== null) {
          this.apply({ kind: 'node', node: command.node, life: command.life, observed: { kind: 'failed', reason: this.noLowPriority } });
          return;
        }
        const agent = new TestAgent(this, command.node, command.life, node.slots);
        this.agents.set(command.node, agent);
        if (this.bootsByItself) agent.boot();
        return;
      }
      case 'release': {
        const agent = this.agents.get(command.node);
        if (agent !== undefined && agent.life === command.life) this.agents.delete(command.node);
        this.apply({ kind: 'node', node: command.node, life: command.life, observed: { kind: 'ended', reason: 'released' } });
        return;
      }
      case 'halt': {
        const agent = this.agents.get(command.node);
        if (agent !== undefined && agent.life === command.life) this.agents.delete(command.node);
        this.apply({ kind: 'node', node: command.node, life: command.life, observed: { kind: 'ended', reason: 'halted' } });
        return;
      }
      case 'discardGoneJobs':
        for (const job of command.jobs) if (!this.jobs.has(job)) this.agents.get(command.node)?.told({ kind: 'discardJob', node: command.node, job });
        return;
      default:
        this.agents.get(command.node)?.told(command);
    }
  }

  pool(options: { readonly slots?: number; readonly nodes?: number } & Partial<PoolIntent> = {}): TestPool {
    const { slots = 1, nodes = 1, ...rest } = options;
    const pool = this.number();
    const asked = poolIntent({ createdAt: this.now, resizeRequestedAt: this.now, targetDedicated: nodes, taskSlotsPerNode: slots, ...rest });
    const intent: PoolIntent = { pool, ...asked };
    this.pools.set(pool, { intent, status: null });
    this.apply({ kind: 'pool', intent });
    return new TestPool(this, pool);
  }

  /** The drills that nobody has stopped are these. */
  drill(...drills: readonly Partial<DrillIntent>[]): void {
    const asked = { createdAt: this.now, pools: null, share: 0.5, perMs: 60_000, seed: 1, graceMs: 30_000, until: null };
    this.drills = drills.map((change, index) => ({ drill: index + 1, ...asked, ...change }));
    this.apply({ kind: 'drills', drills: this.drills });
  }

  job(options: Partial<JobIntent> = {}): TestJob {
    return this.addJob(options);
  }

  addJob(options: Partial<JobIntent>, autoPool: AutoPoolOptions = {}): TestJob {
    const job = this.number();
    this.autoPools.set(job, autoPool);
    const defaults = { ...jobIntent({ id: `job-${job}`, createdAt: this.now }), nextTask: 1, reactivations: 0 };
    const intent: JobIntent = { ...defaults, job, ...options };
    this.jobs.set(job, { intent, status: null });
    this.apply({ kind: 'job', intent, status: null });
    return new TestJob(this, job);
  }

  /** The owner is replaced: another one reads what the store has. Agents live on and come back. */
  restart(): this {
    const jobs = [...this.jobs.values()].filter(({ intent, status }) => status?.state !== 'completed' || intent.deletedAt !== null);
    const open = new Map<number, { intent: TaskIntent; status: TaskStatus | null }[]>();
    const satisfied = new Map<number, string[]>();
    for (const { intent: { job }, status } of jobs) {
      if (status === null || status.state === 'completed') continue;
      const ofJob = (key: string): boolean => key.startsWith(`${job}.`) || key.startsWith(`${job}/`);
      const tasks = [...this.tasks].flatMap(([key, row]) => (ofJob(key) && row.intent.task <= status.ingested ? [row] : [])).toSorted((a, b) => a.intent.task - b.intent.task);
      open.set(job, tasks.filter((row) => row.status?.state !== 'completed' || row.intent.deletedAt !== null || row.intent.reactivateSequence > row.status.reactivateSequence));
      const byRows = tasks.flatMap((row) => (row.status?.dependency === 'satisfy' ? [row.intent.idKey] : []));
      satisfied.set(job, [...byRows, ...[...this.satisfied].flatMap((key) => (ofJob(key) ? [key.slice(`${job}/`.length)] : []))]);
    }
    const snapshot: Snapshot = {
      pools: [...this.pools].map(([number, row]) => ({ ...row, samples: this.samples.get(number) ?? [], ownSamples: this.ownSamples.get(number) ?? [] })),
      nodes: [...this.nodes.values()].filter((node) => node.goneAt === null),
      nodeIntents: [...this.nodeIntents.values()],
      quotas: this.quotas,
      drills: this.drills,
      nextNode: Math.max(999, ...this.nodes.keys()) + 1,
      jobs,
      schedules: [...this.schedules.values()].filter(({ intent, status }) => status?.state !== 'completed' || intent.deletedAt !== null).map((row) => scheduleIntake(row, this.jobs)),
      jobNodes: [...this.jobNodes.values()].filter(({ job, node }) => jobs.some(({ intent, status }) => intent.job === job && status?.state !== 'completed') && this.nodes.get(node)?.goneAt === null),
      tasks: [...open].map(([job, tasks]) => asLoaded(job, tasks, this.jobs.get(job)?.intent.usesTaskDependencies === true)),
      subtasks: [...this.subtasks.values()].filter(({ job, task, state }) => open.has(job) && (state !== 'completed' || open.get(job)?.some(({ intent }) => intent.task === task) === true)),
      satisfied: [...satisfied].map(([job, ids]) => ({ job, ids, isWhole: true })),
    };
    this.core = createCore(structuredClone(snapshot), this.now);
    // The owner asks the provider for the truth first.
    for (const { node, life } of snapshot.nodes) {
      const agent = this.agents.get(node);
      const known = agent?.life === life;
      if (known && !agent.booted) continue;
      this.apply({ kind: 'node', node, life, observed: known ? { kind: 'running' } : { kind: 'ended', reason: 'the provider does not know it' } });
    }
    for (const agent of this.agents.values()) if (agent.up) agent.hello();
    return this;
  }

  shutDown(): Decisions {
    this.apply({ kind: 'shutdown' });
    this.agents.clear();
    return this.tick();
  }

  nodesOf(pool: TestPool): NodeStatus[] {
    return [...this.nodes.values()].filter((node) => node.pool === pool.number && node.goneAt === null);
  }

  agent(node: NodeNumber): TestAgent {
    const agent = this.agents.get(node);
    if (agent === undefined) throw new Error(`no agent on node ${node}`);
    return agent;
  }

  explainJob(job: TestJob): JobExplanation | null {
    return this.core.explainJob(job.number, this.now);
  }

  explain(job: TestJob, task: TaskNumber): readonly Reason[] {
    return this.core.explain(job.number, task, this.now);
  }

  explainPool(pool: TestPool): readonly Reason[] | null {
    return this.core.explainPool(pool.number);
  }

  explainNode(node: NodeNumber): readonly Reason[] | null {
    return this.core.explainNode(node);
  }

  sent(kind: Command['kind']): Command[] {
    return this.commands.filter((command) => command.kind === kind);
  }
}

export class TestPool {
  readonly env: TestEnv;
  readonly number: number;

  constructor(env: TestEnv, number: number) {
    this.env = env;
    this.number = number;
  }

  get row(): { intent: PoolIntent; status: PoolStatus | null } {
    const row = this.env.pools.get(this.number);
    if (row === undefined) throw new Error(`pool ${this.number} is gone`);
    return row;
  }

  get status(): PoolStatus {
    const { status } = this.row;
    if (status === null) throw new Error('the pool has no status yet');
    return status;
  }

  get nodes(): NodeStatus[] {
    return this.env.nodesOf(this);
  }

  node(index: number): NodeStatus {
    const node = this.nodes[index];
    if (node === undefined) throw new Error(`the pool has no node ${index}`);
    return node;
  }

  agent(index: number): TestAgent {
    return this.env.agent(this.node(index).node);
  }

  ask(change: Partial<PoolIntent>): this {
    const { row } = this;
    row.intent = { ...row.intent, ...change };
    this.env.apply({ kind: 'pool', intent: row.intent });
    return this;
  }

  /** Asks something of one of its nodes. */
  askNode(node: NodeNumber, change: Partial<NodeIntent>): this {
    const intent = { schedulingDisabled: null, restart: null, restartSequence: 0, ...this.env.nodeIntents.get(node), ...change, node };
    this.env.nodeIntents.set(node, intent);
    this.env.apply({ kind: 'nodeAsked', intent });
    return this;
  }

  restart(node: NodeNumber, kind: NodeRestart['kind'] | 'start', tasks: NodeRestart['tasks'] = 'requeue'): this {
    const restart = kind === 'start' ? { kind, at: this.env.now } : { kind, tasks, at: this.env.now };
    return this.askNode(node, { restart, restartSequence: (this.env.nodeIntents.get(node)?.restartSequence ?? 0) + 1 });
  }

  resize(targetDedicated: number, change: Partial<PoolIntent> = {}): this {
    const { resizeSequence } = this.row.intent;
    return this.ask({ targetDedicated, resizeSequence: resizeSequence + 1, resizeRequestedAt: this.env.now, ...change });
  }

  /** Lets the nodes of these places go. */
  remove(places: readonly number[], change: Partial<PoolIntent> = {}): this {
    const nodes = places.map((place) => this.node(place));
    const { targetDedicated } = this.status;
    return this.resize(targetDedicated - nodes.length, { removing: nodes.map(({ node }) => node), ...change });
  }

  stopResize(): this {
    return this.ask({ stopSequence: this.row.intent.resizeSequence });
  }

  delete(): this {
    return this.ask({ deletedAt: this.env.now });
  }
}

export class TestJob {
  readonly env: TestEnv;
  readonly number: number;

  constructor(env: TestEnv, number: number) {
    this.env = env;
    this.number = number;
  }

  get row(): { intent: JobIntent; status: JobStatus | null } {
    const row = this.env.jobs.get(this.number);
    if (row === undefined) throw new Error(`job ${this.number} is gone`);
    return row;
  }

  get status(): JobStatus {
    const { status } = this.row;
    if (status === null) throw new Error('the job has no status yet');
    return status;
  }

  /** Adds tasks in one page; options may depend on the number. */
  tasks(count: number, options: Partial<TaskIntent> | ((task: TaskNumber) => Partial<TaskIntent>) = {}): this {
    const { row, env } = this;
    const first = row.intent.nextTask;
    const tasks = Array.from({ length: count }, (_, index) => {
      const task = first + index;
      const intent: TaskIntent = {
        task,
        createdAt: env.now,
        idKey: `t${task}`,
        requiredSlots: 1,
        maxTaskRetryCount: null,
        retentionMs: WEEK_MS,
        affinity: null,
        dependsOn: null,
        exitConditions: null,
        terminateAt: null,
        reactivateSequence: 0,
        deletedAt: null,
        ...(typeof options === 'function' ? options(task) : options),
      };
      env.tasks.set(`${this.number}.${task}`, { intent, status: null, offered: null });
      return { intent, status: null };
    });
    row.intent = { ...row.intent, nextTask: first + count };
    env.apply({ kind: 'tasks', job: this.number, through: first + count - 1, tasks });
    return this;
  }

  task(options: Partial<TaskIntent> = {}): this {
    return this.tasks(1, options);
  }

  patch(change: Partial<JobIntent>): this {
    const { row } = this;
    row.intent = { ...row.intent, ...change };
    this.env.apply({ kind: 'job', intent: row.intent, status: row.status });
    return this;
  }

  #act(action: JobAction): this {
    return this.patch({ action, actionSequence: this.row.intent.actionSequence + 1, actionAt: this.env.now });
  }

  disable(tasks: 'requeue' | 'terminate' | 'wait'): this {
    return this.#act({ kind: 'disable', tasks });
  }

  enable(): this {
    return this.#act({ kind: 'enable' });
  }

  terminate(reason = 'UserTerminate', isForced = false): this {
    return this.#act({ kind: 'terminate', reason, ...(isForced ? { force: true } : {}) });
  }

  delete(isForced = false): this {
    if (isForced) this.terminate('UserTerminate', true);
    return this.patch({ deletedAt: this.env.now });
  }

  ask(task: TaskNumber, change: Partial<TaskIntent>): this {
    const row = this.#taskRow(task);
    row.intent = { ...row.intent, ...change };
    const job = this.env.jobs.get(this.number);
    if (job?.status?.state === 'completed') this.env.apply({ kind: 'job', intent: job.intent, status: job.status });
    this.env.apply({ kind: 'task', job: this.number, task: { intent: row.intent, status: row.status } });
    return this;
  }

  terminateTask(task: TaskNumber): this {
    return this.ask(task, { terminateAt: this.env.now });
  }

  deleteTask(task: TaskNumber): this {
    return this.ask(task, { deletedAt: this.env.now });
  }

  reactivate(task: TaskNumber): this {
    this.patch({ reactivations: this.row.intent.reactivations + 1 });
    return this.ask(task, { reactivateSequence: this.#taskRow(task).intent.reactivateSequence + 1, terminateAt: null });
  }

  #taskRow(task: TaskNumber): TaskRow {
    const row = this.env.tasks.get(`${this.number}.${task}`);
    if (row === undefined) throw new Error(`task ${task} is gone`);
    return row;
  }

  intentOf(task: TaskNumber): TaskIntent {
    return this.#taskRow(task).intent;
  }

  of(task: TaskNumber): TaskStatus {
    const status = seen(this.#taskRow(task));
    if (status === null) throw new Error(`task ${task} was never attempted`);
    return status;
  }

  /** What has become of its preparation and release on a node. */
  on(node: NodeNumber): JobNodeStatus {
    const row = this.env.jobNodes.get(`${this.number}.${node}`);
    if (row === undefined) throw new Error(`job ${this.number} has run nothing of its own on node ${node}`);
    return row;
  }

  /** Its preparation or release task ends on the node, and what follows from that follows. */
  endOwn(kind: JobTaskKind, node: NodeNumber, exitCode = 0, retryCount = 0): this {
    this.env.agent(node).finishJobTask(this.number, kind, exitCode, retryCount);
    this.env.settle();
    return this;
  }

  state(task: TaskNumber): TaskStatus['state'] {
    return seen(this.#taskRow(task))?.state ?? 'active';
  }

  /** States of all its tasks, in order: how many of each. */
  get states(): Record<string, number> {
    const states: Record<string, number> = {};
    for (const [key, row] of this.env.tasks) {
      if (!key.startsWith(`${this.number}.`)) continue;
      const state = seen(row)?.state ?? 'active';
      states[state] = (states[state] ?? 0) + 1;
    }
    return states;
  }

  inState(state: TaskStatus['state']): TaskNumber[] {
    return [...this.env.tasks.values()].flatMap((row) => {
      const status = seen(row);
      return status?.job === this.number && status.state === state ? [row.intent.task] : [];
    });
  }

  /** A running task ends, and what follows from that follows. */
  end(task: TaskNumber, outcome: AttemptOutcome = EXIT_0): this {
    const { node } = this.of(task);
    if (node === null) throw new Error(`task ${task} is on no node`);
    this.env.agent(node).finish(this.number, task, outcome);
    this.env.settle();
    return this;
  }

  /** Whatever runs ends well, until nothing does. */
  run(): this {
    for (let running = this.inState('running'); running.length > 0; running = this.inState('running')) {
      for (const task of running) this.end(task);
    }
    return this;
  }
}

interface Offer {
  readonly key: AttemptKey;
  readonly slots: number;
  readonly preparation: number | null;
  readonly hosts: Extract<Command, { kind: 'offer' }>['hosts'] | null;
}

/**
 * An agent that keeps its side of the protocol: offers start in order as slots are free; tasks end when the test says
 * so.
 */
export class TestAgent {
  readonly env: TestEnv;
  readonly node: NodeNumber;
  readonly life: number;
  readonly slots: number;
  readonly offers: Offer[] = [];
  /** Those that have their slots and wait for a preparation, by the name of the attempt. */
  readonly preparing = new Map<string, Offer>();
  /** By job and kind: the last run that this life has heard of. `status`: null, it was ended before it began. */
  readonly jobTasks = new Map<string, { readonly key: JobTaskKey; status: StartTaskStatus | null }>();
  /** Preparations and releases ever begun here. */
  readonly begun: string[] = [];
  readonly running = new Map<string, { readonly key: AttemptKey; readonly slots: number; readonly startedAt: number }>();
  /** Of which tasks have left directories. */
  readonly jobs = new Set<number>();
  /** Instances of multi-instance tasks whose coordination command has succeeded. */
  readonly coordinated = new Set<string>();
  /** Primaries that run the command line of their task. */
  readonly proceeded = new Set<string>();
  /** The coordination command of an instance that starts takes its time: see `coordinate`. */
  coordinatesByItself = true;
  /** Attempts ever started here. */
  readonly starts: string[] = [];
  up = false;
  booted = false;
  /** Holds offers back instead of starting them. */
  paused = false;
  /** What it is told to end goes on until `kill`. */
  lingers = false;
  /** With the reason that stood there. */
  readonly #lingering = new Map<string, EndReason>();
  #said: AgentReport[] = [];

  constructor(env: TestEnv, node: NodeNumber, life: number, slots: number) {
    this.env = env;
    this.node = node;
    this.life = life;
    this.slots = slots;
  }

  boot(): void {
    this.booted = true;
    this.env.apply({ kind: 'node', node: this.node, life: this.life, observed: { kind: 'running' } });
    this.hello();
  }

  hello(more: Partial<Pick<Extract<AgentReport, { kind: 'hello' }>, 'ready' | 'startTask' | 'certificates'>> = {}): void {
    this.up = true;
    const held: HeldAttempt[] = [
      ...[...this.preparing.values(), ...this.offers].map(({ key }) => ({ key, state: 'offered' as const })),
      ...[...this.running.values()].map(({ key, startedAt }) => ({ key, state: 'started' as const, startedAt, ...(this.coordinated.has(attemptName(key)) ? { coordinated: true as const } : null) })),
    ];
    const report = { kind: 'hello', life: this.life, version: '1', ipAddress: `127.0.0.${this.node % 256}`, cores: 2, held, jobs: [...this.jobs], startTask: null, ready: true, ...more } as const;
    this.env.apply({ kind: 'agent', node: this.node, report });
  }

  says(report: AgentReport): void {
    this.env.apply({ kind: 'agent', node: this.node, report });
  }

  /** The channel breaks; what the agent is told is lost. */
  goSilent(): void {
    this.up = false;
    this.env.apply({ kind: 'silent', node: this.node });
  }

  /** Stays silent until the owner may take this step. */
  unheard(until: SilenceStep): void {
    if (this.up) this.goSilent();
    for (const step of ['unknown', 'gone', 'restart'] as const) {
      this.env.apply({ kind: 'unheard', node: this.node, step, silentMs: 0 });
      if (step === until) return;
    }
  }

  /** Dies with everything it started, and the provider sees it. */
  die(): void {
    this.env.agents.delete(this.node);
    this.env.apply({ kind: 'silent', node: this.node }, { kind: 'node', node: this.node, life: this.life, observed: { kind: 'ended', reason: 'killed' } });
  }

  /** The provider says that it takes the node back. */
  notice(graceMs = 30_000): void {
    this.env.apply({ kind: 'node', node: this.node, life: this.life, observed: { kind: 'preempting', graceMs, reason: 'others need it' } });
  }

  /** The provider says that the time of its machine is nearly over. */
  expires(): void {
    this.env.apply({ kind: 'node', node: this.node, life: this.life, observed: { kind: 'expiring', reason: 'its time limit is near' } });
  }

  /** The provider has taken the node back, with everything there. */
  takenBack(): void {
    this.env.agents.delete(this.node);
    this.env.apply({ kind: 'silent', node: this.node }, { kind: 'node', node: this.node, life: this.life, observed: { kind: 'preempted', reason: 'others needed it' } });
  }

  told(command: Command): void {
    if (!this.up) return;
    switch (command.kind) {
      case 'offer':
        if (!this.#knows(command.key)) this.offers.push({ key: command.key, slots: command.slots, preparation: command.preparation ?? null, hosts: command.hosts ?? null });
        return;
      case 'proceed':
        if (this.running.has(attemptName(command.key))) this.proceeded.add(attemptName(command.key));
        return;
      case 'releaseJob':
        this.#beginJobTask(command.key);
        return;
      case 'endJobTask':
        this.#endJobTask(command.key);
        return;
      case 'revoke':
      case 'end': {
        const name = attemptName(command.key);
        const offered = this.offers.findIndex(({ key }) => attemptName(key) === name);
        if (offered !== -1) this.offers.splice(offered, 1);
        this.preparing.delete(name);
        if (offered !== -1 || !this.running.has(name)) this.#said.push({ kind: 'revoked', key: command.key });
        else if (command.kind === 'end' && this.lingers) this.#lingering.set(name, this.#lingering.get(name) ?? command.reason);
        else if (command.kind === 'end') this.#said.push(this.#over(name, { kind: 'killed', exitCode: 137, reason: command.reason }));
        return;
      }
      case 'discardJob':
        this.jobs.delete(command.job);
        return;
      default:
    }
  }

  /** What was to end, and has not by itself, ends now. */
  kill(): void {
    this.lingers = false;
    for (const [name, reason] of this.#lingering) if (this.running.has(name)) this.#said.push(this.#over(name, { kind: 'killed', exitCode: 137, reason }));
    this.#lingering.clear();
  }

  #knows(key: AttemptKey): boolean {
    const name = attemptName(key);
    return this.running.has(name) || this.starts.includes(name) || this.preparing.has(name) || this.offers.some((offer) => attemptName(offer.key) === name);
  }

  /** Starts what it can, also while nobody hears it; returns what it has to say. */
  work(): CoreEvent[] {
    for (let first = this.offers[0]; first !== undefined && !this.paused && this.free >= first.slots; first = this.offers[0]) {
      this.offers.shift();
      this.jobs.add(first.key.job);
      this.#prepareOrStart(first);
    }
    if (!this.up) return [];
    return this.#said.splice(0).map((report) => ({ kind: 'agent', node: this.node, report }));
  }

  #prepareOrStart(offer: Offer): void {
    const { job } = offer.key;
    const key = { job, kind: 'preparation', attempt: offer.preparation ?? 0 } as const;
    if (offer.preparation !== null) this.#beginJobTask(key);
    const state = offer.preparation === null || this.env.jobs.get(job)?.intent.preparation?.waitForSuccess !== true ? 'done' : this.#standing(key);
    if (state === 'done') return this.#start(offer);
    if (state === 'failed') return void this.#said.push({ kind: 'revoked', key: offer.key });
    this.preparing.set(attemptName(offer.key), offer);
    this.#said.push({ kind: 'preparing', key: offer.key, at: this.env.now });
  }

  #start(offer: Offer): void {
    const name = attemptName(offer.key);
    this.running.set(name, { ...offer, startedAt: this.env.now });
    this.starts.push(name);
    this.#said.push({ kind: 'started', key: offer.key, at: this.env.now });
    if (offer.hosts !== null && this.coordinatesByItself) this.#coordinate(offer.key);
  }

  #coordinate(key: AttemptKey): void {
    this.coordinated.add(attemptName(key));
    this.#said.push({ kind: 'coordinated', key });
  }

  /** The coordination command of what runs here succeeds, and what follows from that follows. */
  coordinate(): void {
    for (const { key } of this.running.values()) this.#coordinate(key);
    this.env.settle();
  }

  #standing({ job, kind }: JobTaskKey): 'runs' | 'done' | 'failed' {
    const status = this.jobTasks.get(`${job}.${kind}`)?.status;
    if (status?.state === 'running') return 'runs';
    return status?.result === 'success' ? 'done' : 'failed';
  }

  #known({ job, kind, attempt }: JobTaskKey) {
    const known = this.jobTasks.get(`${job}.${kind}`);
    return known?.key.attempt === attempt ? known : undefined;
  }

  #beginJobTask(key: JobTaskKey): void {
    const known = this.#known(key);
    if (known === undefined) {
      this.begun.push(jobTaskName(key));
      this.jobs.add(key.job);
      const status = { state: 'running', startedAt: this.env.now, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null } as const;
      this.jobTasks.set(`${key.job}.${key.kind}`, { key, status });
      this.#said.push({ kind: 'jobTask', key, status });
    } else if (key.kind === 'release') this.#said.push({ kind: 'jobTask', key, status: known.status });
  }

  #endJobTask(key: JobTaskKey): void {
    const known = this.#known(key);
    if (known?.status?.state === 'running') return this.#completeJobTask(key, { exitCode: null, result: 'failure' });
    if (known === undefined) this.jobTasks.set(`${key.job}.${key.kind}`, { key, status: null });
    this.#said.push({ kind: 'jobTask', key, status: known?.status ?? null });
  }

  finishJobTask(job: number, kind: JobTaskKind, exitCode: number, retryCount = 0): void {
    const known = this.jobTasks.get(`${job}.${kind}`);
    if (known?.status?.state !== 'running') throw new Error(`the ${kind} of job ${job} does not run on node ${this.node}`);
    this.#completeJobTask(known.key, { exitCode, retryCount, result: exitCode === 0 ? 'success' : 'failure' });
  }

  #completeJobTask(key: JobTaskKey, change: Partial<StartTaskStatus>): void {
    const known = this.#known(key);
    if (known?.status === undefined || known.status === null) throw new Error(`${jobTaskName(key)} does not run on node ${this.node}`);
    known.status = { ...known.status, state: 'completed', endedAt: this.env.now, ...change };
    this.#said.push({ kind: 'jobTask', key, status: known.status });
    if (key.kind === 'release') return;
    for (const [name, offer] of this.preparing) {
      if (offer.key.job !== key.job) continue;
      this.preparing.delete(name);
      if (known.status.result === 'success') this.#start(offer);
      else this.#said.push({ kind: 'revoked', key: offer.key });
    }
  }

  get free(): number {
    return this.slots - [...this.running.values(), ...this.preparing.values()].reduce((sum, { slots }) => sum + slots, 0);
  }

  /** The task's process ends; the agent says so when it is heard. */
  finish(job: number, task: TaskNumber, outcome: AttemptOutcome): void {
    for (const [name, { key }] of this.running) {
      if (key.job !== job || key.task !== task) continue;
      this.#said.push(this.#over(name, outcome));
      return;
    }
    throw new Error(`task ${task} does not run on node ${this.node}`);
  }

  #over(name: string, outcome: AttemptOutcome): AgentReport {
    const attempt = this.running.get(name);
    if (attempt === undefined) throw new Error(`${name} does not run here`);
    this.running.delete(name);
    return { kind: 'ended', end: { key: attempt.key, startedAt: attempt.startedAt, endedAt: this.env.now, outcome } };
  }
}
