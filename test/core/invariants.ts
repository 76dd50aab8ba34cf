import type { TaskStatus } from '../../src/core/status.ts';
import type { TestEnv } from './harness.ts';

/**
 * What must hold whenever rules and agents have settled, whatever happened. Throws with what does not. Holds on to what
 * it saw, to compare.
 */
export class Invariants {
  readonly #env: TestEnv;
  readonly #completed = new Map<string, TaskStatus>();
  readonly #attempts = new Map<string, number>();

  constructor(env: TestEnv) {
    this.#env = env;
  }

  check(): void {
    this.#slots();
    this.#attemptsOut();
    this.#together();
    this.#counts();
    this.#completedStay();
    this.#timesGrow();
  }

  #slots(): void {
    for (const [node, agent] of this.#env.agents) {
      if (agent.free < 0) throw new Error(`the agent of node ${node} runs more than its slots`);
      const row = this.#env.nodes.get(node);
      if (row !== undefined && row.runningSlots > row.slots) throw new Error(`node ${node}: ${row.runningSlots} of ${row.slots} slots running`);
    }
  }

  #attemptsOut(): void {
    const running = new Map<string, string>();
    for (const [node, agent] of this.#env.agents) {
      for (const [name, { key }] of agent.running) {
        const task = `${key.job}.${key.task}`;
        const other = running.get(task);
        const [attempt, on] = [`${task}.${key.attempt}`, `${task} ${node}`];
        if (other !== undefined && other !== attempt) throw new Error(`task ${task} runs twice: attempt ${other} and ${name} on node ${node}`);
        if (running.has(on)) throw new Error(`task ${task} runs twice on node ${node}: ${running.get(on)} and ${name}`);
        running.set(task, attempt);
        running.set(on, name);
        if (agent.up && this.#env.tasks.get(task)?.status?.state === 'completed') throw new Error(`${name} runs although its task is completed`);
      }
    }
    const starts = [...this.#env.agents.values()].flatMap((agent) => agent.starts);
    if (new Set(starts).size !== starts.length) throw new Error('an attempt started twice');
  }

  /** A multi-instance task has all its nodes, each once, or none. */
  #together(): void {
    for (const [key, { intent: { instances = 0 }, status }] of this.#env.tasks) {
      if (instances < 2 || status === null || status.state === 'active' || status.state === 'completed') continue;
      const others = [...this.#env.subtasks.values()].filter((row) => `${row.job}.${row.task}` === key && row.attempt === status.attempt);
      const nodes = new Set([status.node, ...others.map(({ node }) => node)]);
      if (others.length !== instances - 1 || nodes.size !== instances) throw new Error(`task ${key} is on nodes ${[...nodes].join(', ')}: it needs ${instances}`);
    }
  }

  #counts(): void {
    for (const { status } of this.#env.jobs.values()) {
      if (status === null) throw new Error('a job without a status');
      const tasks = { active: 0, running: 0, succeeded: 0, failed: 0 };
      const slots = { ...tasks };
      for (const [key, row] of this.#env.tasks) {
        if (!key.startsWith(`${status.job}.`) || row.intent.task > status.ingested) continue;
        const where = countedAs(row.status);
        tasks[where] += 1;
        slots[where] += row.intent.requiredSlots;
      }
      const seen = JSON.stringify([status.tasks, status.slots]);
      const truth = JSON.stringify([tasks, slots]);
      if (seen !== truth) throw new Error(`job ${status.job} counts ${seen}, its tasks are ${truth}`);
    }
  }

  #completedStay(): void {
    for (const [key, { status }] of this.#env.tasks) {
      const before = this.#completed.get(key);
      if (before !== undefined && before.reactivateSequence === status?.reactivateSequence && JSON.stringify(before) !== JSON.stringify(status)) {
        throw new Error(`completed task ${key} changed: ${JSON.stringify(before)} -> ${JSON.stringify(status)}`);
      }
      if (status?.state === 'completed') this.#completed.set(key, status);
      else this.#completed.delete(key);
      if (status === null) continue;
      if (status.attempt < (this.#attempts.get(key) ?? 0)) throw new Error(`attempts of ${key} go back`);
      this.#attempts.set(key, status.attempt);
    }
  }

  #timesGrow(): void {
    for (const [key, { status }] of this.#env.tasks) {
      if (status !== null && (status.previousSince ?? status.since) > status.since) throw new Error(`task ${key} changed its state before it had the one before`);
    }
  }
}

function countedAs(status: TaskStatus | null): 'active' | 'running' | 'succeeded' | 'failed' {
  if (status === null || status.state === 'active' || status.state === 'offered') return 'active';
  if (status.state !== 'completed') return 'running';
  return status.result === 'success' ? 'succeeded' : 'failed';
}
