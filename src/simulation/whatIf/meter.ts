import type { AutoScaleStatus, PoolStatus, TaskStatus } from '../../core/status.ts';
import type { Instant, NodeNumber } from '../../core/keys.ts';
import type { SimulatedMoment, SimulatedProblem, SimulatedWaiting, SimulationOutcome } from '../../wire/own/simulation.ts';
import type { Load, LoadTask } from './load.ts';
import { writeSeries } from './series.ts';

/** What came of a load on a pool. */
export interface Outcome extends SimulationOutcome {
  /** When each task first started, since the beginning, in the order of the load's jobs and their tasks; NaN: never. */
  readonly starts: Float64Array;
}

/** Counts while a simulation runs. All instants never go back. */
export function createMeter(load: Load, startsAt: Instant, slotsPerNode: number) {
  const tasks = load.jobs.flatMap((job) => job.tasks);
  const firstOf = offsets(load);
  const starts = new Float64Array(tasks.length).fill(Number.NaN);
  const isOver = new Uint8Array(tasks.length);
  const use = { dedicated: emptyUse(), lowPriority: emptyUse() };
  const runningOn = new Map<NodeNumber, number>();
  const formulaProblems = new Map<string, SimulatedProblem>();
  const resizeProblems = new Map<string, SimulatedProblem>();
  const series = writeSeries(startsAt);
  const now: { -readonly [Name in keyof SimulatedMoment]: number } = { targetDedicated: 0, targetLowPriority: 0, dedicated: 0, lowPriority: 0, waiting: 0, running: 0 };
  let at = startsAt;
  let busySlots = 0;
  let busyNodes = 0;
  let [nodeMs, busyNodeMs, busySlotMs, lostSlotMs] = [0, 0, 0, 0];
  let [succeeded, failed, retries, cutShort] = [0, 0, 0, 0];
  let lastEndAt: Instant | null = null;
  let formulaRuns = 0;
  let lastRun: AutoScaleStatus | null = null;

  /** What has been so far lasted until `instant`. */
  const pass = (instant: Instant): void => {
    const ms = instant - at;
    at = instant;
    if (ms === 0) return;
    use.dedicated.nodeMs += now.dedicated * ms;
    use.lowPriority.nodeMs += now.lowPriority * ms;
    nodeMs += (now.dedicated + now.lowPriority) * ms;
    busyNodeMs += busyNodes * ms;
    busySlotMs += busySlots * ms;
  };
  const indexOf = (job: number, task: number): number => (firstOf[job - 1] ?? 0) + task - 1;
  const noteProblem = (problems: Map<string, SimulatedProblem>, message: string, instant: Instant): void => {
    const known = problems.get(message);
    problems.set(message, known === undefined ? { message, times: 1, firstMs: instant - startsAt } : { ...known, times: known.times + 1 });
  };

  return {
    /** Tasks that have come and not ended. */
    get open(): number {
      return now.waiting + now.running;
    },
    get running(): number {
      return now.running;
    },
    arrived: (instant: Instant, count: number): void => {
      pass(instant);
      now.waiting += count;
      series.write(instant, now);
    },
    nodeIsUp: (instant: Instant, node: NodeNumber, isDedicated: boolean): void => {
      pass(instant);
      const kind = isDedicated ? 'dedicated' : 'lowPriority';
      now[kind] += 1;
      use[kind].boots += 1;
      use[kind].most = Math.max(use[kind].most, now[kind]);
      runningOn.set(node, 0);
      series.write(instant, now);
    },
    nodeIsDown: (instant: Instant, node: NodeNumber, isDedicated: boolean, isPreempted: boolean): void => {
      pass(instant);
      const kind = isDedicated ? 'dedicated' : 'lowPriority';
      now[kind] -= 1;
      if (isPreempted) use[kind].preemptions += 1;
      runningOn.delete(node);
      series.write(instant, now);
    },
    /** `isPrimary`: instances beside it count as slots, not as tasks. */
    started: (instant: Instant, { node, job, task, slots, isPrimary }: Started): void => {
      pass(instant);
      const before = runningOn.get(node) ?? 0;
      runningOn.set(node, before + 1);
      if (before === 0) busyNodes += 1;
      busySlots += slots;
      if (!isPrimary) return;
      now.waiting -= 1;
      now.running += 1;
      const index = indexOf(job, task);
      if (Number.isNaN(starts[index])) starts[index] = instant - startsAt;
      series.write(instant, now);
    },
    /** `isLost`: it was cut short, and runs again or never. */
    stopped: (instant: Instant, { node, slots, isPrimary, startedAt, isLost }: Started & { readonly startedAt: Instant; readonly isLost: boolean }): void => {
      pass(instant);
      const left = (runningOn.get(node) ?? 0) - 1;
      runningOn.set(node, left);
      if (left === 0) busyNodes -= 1;
      busySlots -= slots;
      if (isLost) lostSlotMs += slots * (instant - startedAt);
      if (!isPrimary) return;
      if (isLost) cutShort += 1;
      now.running -= 1;
      // Until the rules say what becomes of it.
      now.waiting += 1;
      series.write(instant, now);
    },
    decidedTask: (instant: Instant, row: TaskStatus): void => {
      if (row.state !== 'completed') return;
      const index = indexOf(row.job, row.task);
      if (isOver[index] === 1) throw new Error(`task ${row.job}.${row.task} ends twice`);
      isOver[index] = 1;
      pass(instant);
      if (row.result === 'success') succeeded += 1;
      else failed += 1;
      retries += row.retryCount;
      now.waiting -= 1;
      lastEndAt = row.endedAt ?? instant;
      series.write(instant, now);
    },
    decidedPool: (instant: Instant, row: PoolStatus): void => {
      pass(instant);
      now.targetDedicated = row.targetDedicated;
      now.targetLowPriority = row.targetLowPriority;
      const run = row.autoScale ?? null;
      if (run !== null && run.evaluatedAt !== lastRun?.evaluatedAt) {
        formulaRuns += 1;
        lastRun = run;
        if (run.error !== null) noteProblem(formulaProblems, (run.error.values ?? []).find(({ name }) => name === 'Message')?.value ?? run.error.message, instant);
      }
      if (row.allocationState === 'steady') for (const { code, message } of row.resizeErrors) noteProblem(resizeProblems, `${code}: ${message}`, instant);
      series.write(instant, now);
    },
    outcome: (instant: Instant): Outcome => {
      pass(instant);
      const firstArrivalMs = Math.min(...load.jobs.flatMap((job) => job.tasks[0]?.arrivalMs ?? []));
      return {
        makespanMs: lastEndAt === null ? null : lastEndAt - startsAt - firstArrivalMs,
        spanMs: instant - startsAt,
        tasks: {
          all: tasks.length,
          succeeded,
          failed,
          unfinished: tasks.length - succeeded - failed,
          neverStarted: starts.reduce((count, start) => count + (Number.isNaN(start) ? 1 : 0), 0),
          retries,
          cutShort,
        },
        waiting: waitingOf(tasks, starts),
        dedicated: { ...use.dedicated },
        lowPriority: { ...use.lowPriority },
        slots: { thereMs: nodeMs * slotsPerNode, busyMs: busySlotMs, lostMs: lostSlotMs },
        idleNodeMs: nodeMs - busyNodeMs,
        formula: lastRun === null ? null : { runs: formulaRuns, problems: [...formulaProblems.values()] },
        resizeErrors: [...resizeProblems.values()],
        series: series.read(instant),
        starts,
      };
    },
  };
}

interface Started {
  readonly node: NodeNumber;
  readonly job: number;
  readonly task: number;
  readonly slots: number;
  readonly isPrimary: boolean;
}

function emptyUse() {
  return { nodeMs: 0, most: 0, boots: 0, preemptions: 0 };
}

/** Of each job how many tasks come before its first. */
function offsets({ jobs }: Load): number[] {
  let sum = 0;
  return jobs.map((job) => {
    const first = sum;
    sum += job.tasks.length;
    return first;
  });
}

function waitingOf(tasks: readonly LoadTask[], starts: Float64Array): SimulatedWaiting | null {
  const waits = tasks.flatMap(({ arrivalMs }, index) => {
    const start = starts[index] ?? Number.NaN;
    return Number.isNaN(start) ? [] : [start - arrivalMs];
  });
  if (waits.length === 0) return null;
  waits.sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.ceil(share * waits.length) - 1)] ?? 0;
  const meanMs = waits.reduce((sum, ms) => sum + ms, 0) / waits.length;
  return { meanMs, medianMs: at(0.5), p90Ms: at(0.9), p95Ms: at(0.95), p99Ms: at(0.99), mostMs: at(1) };
}
