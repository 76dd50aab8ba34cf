/**
 * What the rules alone cost: trivial tasks through two nodes of four slots (offered, started, ended, in ticks of about
 * `EVENTS` events), tasks through many nodes, a million waiting tasks, and a hundred thousand dependants on one range.
 * No store, no agents: events in, decisions out.
 */
import { createCore } from '../src/core/core.ts';
import type { Command } from '../src/core/decisions.ts';
import type { CoreEvent, TaskIntake } from '../src/core/events.ts';
import type { DependencyIds, JobIntent, PoolIntent } from '../src/core/intent.ts';
import type { Core } from '../src/core/port.ts';
import { jobIntent, poolIntent } from '../test/support/intents.ts';

const EVENTS = 64;

export async function run(): Promise<Record<string, unknown>> {
  const small = throughput({ nodes: 2, slots: 4, tasks: 100_000 });
  console.log(`2 nodes x 4 slots: ${small.microsPerTask} us of one core a task, ${small.perSecond} tasks/s`);
  const large = throughput({ nodes: 1000, slots: 4, tasks: 100_000 });
  console.log(`1,000 nodes x 4 slots: ${large.microsPerTask} us a task, ${large.perSecond} tasks/s`);
  const million = waiting(1_000_000);
  console.log(`1,000,000 waiting tasks: ${million.megabytes} MB, taken in in ${million.milliseconds} ms`);
  const fan = dependants(100_000);
  console.log(`100,000 dependants on one range: taken in in ${fan.intakeMs} ms, longest tick of their release ${fan.longestTickMs} ms`);
  return { coreMicrosPerTask: small.microsPerTask, coreMicrosPerTaskManyNodes: large.microsPerTask, millionMegabytes: million.megabytes, ...fan };
}

function pool(nodes: number, slots: number): PoolIntent {
  return { ...poolIntent({ targetDedicated: nodes, taskSlotsPerNode: slots }), pool: 1 };
}

function job(usesTaskDependencies: boolean): JobIntent {
  return { ...jobIntent({ usesTaskDependencies }), job: 1, nextTask: 1, reactivations: 0 };
}

function intake(task: number, dependsOn: DependencyIds | null = null): TaskIntake {
  return {
    intent: {
      task,
      createdAt: 0,
      idKey: String(task),
      requiredSlots: 1,
      maxTaskRetryCount: null,
      retentionMs: 604_800_000,
      affinity: null,
      dependsOn,
      exitConditions: null,
      terminateAt: null,
      reactivateSequence: 0,
      deletedAt: null,
    },
    status: null,
  };
}

function begin(nodes: number, slots: number, usesTaskDependencies = false): { core: Core; random: () => number } {
  const core = createCore({ pools: [], nodes: [], nextNode: 1, jobs: [], jobNodes: [], tasks: [], satisfied: [] }, 0);
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  core.apply({ kind: 'pool', intent: pool(nodes, slots) }, 0);
  core.apply({ kind: 'job', intent: job(usesTaskDependencies), status: null }, 0);
  for (const command of core.decide(0, random).commands) {
    if (command.kind !== 'acquire') continue;
    const report = { kind: 'hello', life: 1, version: '1', ipAddress: '', held: [], startTask: null, ready: true } as const;
    core.apply({ kind: 'agent', node: command.node, report }, 0);
  }
  core.decide(0, random);
  return { core, random };
}

function add(core: Core, from: number, count: number, dependsOn: DependencyIds | null = null): void {
  const tasks = Array.from({ length: count }, (_, index) => intake(from + index, dependsOn));
  core.apply({ kind: 'tasks', job: 1, through: from + count - 1, tasks }, 0);
}

function throughput({ nodes, slots, tasks }: { nodes: number; slots: number; tasks: number }): { microsPerTask: number; perSecond: number } {
  const { core, random } = begin(nodes, slots);
  const waiting: CoreEvent[] = [];
  let now = 1;
  let done = 0;
  let added = 0;
  const hear = (commands: readonly Command[]): void => {
    for (const command of commands) {
      if (command.kind !== 'offer') continue;
      const { node, key } = command;
      waiting.push({ kind: 'agent', node, report: { kind: 'started', key, at: now } });
      waiting.push({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: now, endedAt: now, outcome: { kind: 'exited', exitCode: 0 } } } });
    }
  };
  const begun = performance.now();
  while (done < tasks) {
    if (added < tasks) {
      add(core, added + 1, Math.min(100, tasks - added));
      added += Math.min(100, tasks - added);
    }
    for (const event of waiting.splice(0, EVENTS)) core.apply(event, now);
    const decisions = core.decide(now, random);
    for (const row of decisions.tasks) if (row.state === 'completed') done += 1;
    hear(decisions.commands);
    now += 1;
  }
  const micros = ((performance.now() - begun) * 1000) / tasks;
  return { microsPerTask: Math.round(micros * 10) / 10, perSecond: Math.round(1e6 / micros) };
}

function waiting(count: number): { megabytes: number; milliseconds: number } {
  const { core, random } = begin(0, 1);
  globalThis.gc?.();
  const before = memory();
  const begun = performance.now();
  for (let from = 1; from <= count; from += 5000) {
    add(core, from, Math.min(5000, count - from + 1));
    core.decide(1, random);
  }
  const milliseconds = Math.round(performance.now() - begun);
  globalThis.gc?.();
  const megabytes = Math.round((memory() - before) / 1e6);
  if (core.nextTimer() === 0) throw new Error('unreachable: keeps the rules alive until here');
  return { megabytes, milliseconds };
}

function memory(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function dependants(count: number): { intakeMs: number; longestTickMs: number } {
  const { core, random } = begin(25, 4, true);
  add(core, 1, 100);
  const offered = core.decide(1, random).commands;
  const begun = performance.now();
  for (let from = 101; from <= count + 100; from += 5000) {
    add(core, from, Math.min(5000, count + 101 - from), { ids: [], ranges: [{ start: 1, end: 100 }] });
    core.decide(1, random);
  }
  const intakeMs = Math.round(performance.now() - begun);
  for (const command of offered) {
    if (command.kind !== 'offer') continue;
    const { node, key } = command;
    core.apply({ kind: 'agent', node, report: { kind: 'ended', end: { key, startedAt: 1, endedAt: 2, outcome: { kind: 'exited', exitCode: 0 } } } }, 2);
  }
  let longest = 0;
  do {
    const tick = performance.now();
    core.decide(2, random);
    longest = Math.max(longest, performance.now() - tick);
  } while (core.nextTimer() === 2);
  return { intakeMs, longestTickMs: Math.round(longest * 10) / 10 };
}
