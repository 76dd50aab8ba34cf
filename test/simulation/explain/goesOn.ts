import type { NodeState } from '../../../src/core/status.ts';
import { EXIT_0, TestAgent, type TestEnv } from '../../core/harness.ts';

const MOST_ROUNDS = 100;
const MOST_QUIET = 10;
const QUIET_MS = 120_000;
/** Nobody but who asks for it changes these. */
const STANDS: ReadonlySet<NodeState> = new Set(['unusable', 'starttaskfailed', 'deallocated']);
const TAKES_TASKS: ReadonlySet<NodeState> = new Set(['idle', 'running', 'offline', 'unknown']);

/**
 * The account goes on without another fault: attempts that were out are lost and run again, nodes that were on their
 * way come anew, and whatever runs ends well. Returns whether what is waited for has come about.
 */
export function goesOn(env: TestEnv, isThere: () => boolean): boolean {
  comeUp(env);
  let quiet = 0;
  for (let round = 0; round < MOST_ROUNDS && quiet < MOST_QUIET; round += 1) {
    env.settle();
    if (isThere()) return true;
    if (endAll(env)) quiet = 0;
    else {
      quiet += 1;
      env.pass(QUIET_MS);
    }
  }
  return isThere();
}

function comeUp(env: TestEnv): void {
  for (const { node, life, slots, state, notice, goneAt } of env.nodes.values()) {
    if (goneAt !== null || env.agents.has(node)) continue;
    if (STANDS.has(state) && notice === undefined) {
      const agent = new TestAgent(env, node, life, slots);
      [agent.booted, agent.up] = [true, state !== 'deallocated'];
      env.agents.set(node, agent);
    } else if (TAKES_TASKS.has(state) && notice === undefined) {
      const agent = new TestAgent(env, node, life, slots);
      env.agents.set(node, agent);
      agent.boot();
    } else env.apply({ kind: 'node', node, life, observed: notice === undefined ? { kind: 'ended', reason: 'lost' } : { kind: 'preempted', reason: 'others needed it' } });
  }
}

/** Whatever runs ends well. Returns whether anything did. */
function endAll(env: TestEnv): boolean {
  let isAny = false;
  for (const agent of env.agents.values()) {
    if (!agent.booted) {
      isAny = true;
      agent.boot();
    }
    for (const { key, status } of agent.jobTasks.values()) {
      if (status?.state !== 'running') continue;
      isAny = true;
      agent.finishJobTask(key.job, key.kind, 0);
    }
    // The primary ends the others of a multi-instance task.
    for (const { key } of agent.running.values()) {
      if (key.instance !== 0) continue;
      isAny = true;
      agent.finish(key.job, key.task, EXIT_0);
    }
  }
  return isAny;
}
