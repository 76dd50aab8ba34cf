import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { AgentCommand } from '../src/agent/frames.ts';
import { work } from '../test/agent/scriptedOwner.ts';
import { startNode } from '../test/agent/testNode.ts';
import { rounded } from './support/pool.ts';
import { processorTime } from './support/processorTime.ts';

const TASKS = 5_000;
const WARM_UP = 1_000;
const SLOTS = 4;
const OFFERS_A_FRAME = 20;
const LONGEST_MS = 10 * 60_000;

/**
 * What a node costs for each task of `/bin/true`, in processor time, which counts on a busy machine as well: an agent
 * with an owner that offers ahead what is needed and decides nothing. `agentMs`: the agent itself; `shellMs`: its slot
 * shells with the tasks. `--tasks 20000`: of so many, once the agent's code is compiled.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { tasks: { type: 'string', default: String(TASKS) } } });
  const tasks = Number(values.tasks);
  const node = await startNode({ slots: SLOTS });
  try {
    const { owner, agent } = node;
    await owner.until('ready', () => owner.reports.find(({ kind }) => kind === 'ready'));
    const pid = agent.pid ?? 0;
    let ended = 0;
    let seen = 0;
    const complete = async (job: string, count: number): Promise<void> => {
      const until = ended + count;
      for (let first = 0; first < count; first += OFFERS_A_FRAME) {
        owner.command(...Array.from({ length: Math.min(OFFERS_A_FRAME, count - first) }, (_, index) => offer(job, first + index + 1)));
        await owner.until('few offers wait', () => {
          for (; seen < owner.reports.length; seen += 1) if (owner.reports[seen]?.kind === 'ended') ended += 1;
          return ended >= until - (count - first) || null;
        }, LONGEST_MS);
      }
      await owner.until('all have ended', () => {
        for (; seen < owner.reports.length; seen += 1) if (owner.reports[seen]?.kind === 'ended') ended += 1;
        return ended === until || null;
      }, LONGEST_MS);
    };
    await complete('warm', WARM_UP);
    const before = [processorTime(pid).ownMs, shellsMs(pid)] as const;
    const begun = performance.now();
    await complete('measured', tasks);
    const tasksPerSecond = (tasks * 1_000) / (performance.now() - begun);
    const agentMs = (processorTime(pid).ownMs - before[0]) / tasks;
    const shellMs = (shellsMs(pid) - before[1]) / tasks;
    console.log(`${tasks} tasks of /bin/true: the agent takes ${agentMs.toFixed(3)} ms of processor for each, its slot shells with the tasks ${shellMs.toFixed(3)} ms`);
    return { agentMs: rounded(agentMs, 3), shellMs: rounded(shellMs, 3), tasksPerSecond: rounded(tasksPerSecond, 0) };
  } finally {
    await node.close();
  }
}

function offer(job: string, task: number): AgentCommand {
  return { kind: 'offer', key: { job: job === 'warm' ? 1 : 2, task, attempt: 1, instance: 0 }, work: work({ job, task: `task${task}`, commandLine: '/bin/true' }) };
}

/** Of all children of the agent that are there, with what they have waited for. */
function shellsMs(agent: number): number {
  return readdirSync(`/proc/${agent}/task`).flatMap((thread) => readFileSync(`/proc/${agent}/task/${thread}/children`, 'utf8').split(' ').filter((pid) => pid !== '')).reduce((sum, pid) => {
    const { ownMs, childrenMs } = processorTime(Number(pid));
    return sum + ownMs + childrenMs;
  }, 0);
}
