import type { PoolNumber } from '../core/keys.ts';
import { durableTransitions, NO_TRANSITIONS } from '../core/transitions/tracker.ts';
import type { TaskTransition, Transition } from '../core/transitions/transition.ts';
import { wireTaskState } from '../core/wireState.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { Tables } from './memoryStore.ts';

/**
 * Transitions, applied one after another, give what the store has: each begins with the state that the one before it
 * has left, so that none is missing and none comes twice.
 */
export function createTransitionChecks({ tables, violated }: { readonly tables: () => Tables; readonly violated: (what: string) => void }) {
  /** By name, as transitions have it. */
  const states = new Map<string, string>();
  const deleting = new Set<PoolNumber>();

  /** By itself, or by the rows that are there as it is written. */
  const isNamed = ({ job, jobId, task, taskId }: TaskTransition): boolean => {
    const record = tables().jobs.get(job);
    return (jobId !== null || record !== undefined) && (taskId !== null || record?.tasks.has(task) === true);
  };

  const apply = (transition: Transition): void => {
    const { kind, from, state } = transition;
    const name = nameOf(transition);
    if ('task' in transition && !isNamed(transition)) violated(`nobody can name ${JSON.stringify(transition)}`);
    // Clients see it at once, whatever state goes on below.
    if (state === 'deleting') {
      if (kind === 'pool.deleting') deleting.add(transition.pool);
      return;
    }
    if (state === 'deleted' || kind === 'node.gone') {
      if (!states.delete(name)) violated(`${name} is gone, and nobody was told that it was there`);
      return;
    }
    if ((states.get(name) ?? null) !== from) violated(`${kind} of ${name} begins with ${from}, and ${states.get(name) ?? 'nothing'} was told last`);
    states.set(name, state);
  };

  const compare = (name: string, state: string): void => {
    if (states.get(name) !== state) violated(`${name} is ${state}, and ${states.get(name) ?? 'nothing'} was told`);
  };

  return {
    /** `refused`: jobs whose end the commit refuses. */
    onCommit: ({ decisions, transitions = NO_TRANSITIONS }: TickCommit, refused: readonly number[]): void => {
      for (const transition of durableTransitions(transitions, refused)) apply(transition);
      for (const { job, task, state } of decisions.tasks) if (tables().jobs.has(job) && !isGone(decisions, job, task)) compare(`task ${job}.${task}`, wireTaskState(state));
      for (const { job, state } of decisions.jobs) if (!decisions.gone.jobs.includes(job)) compare(`job ${job}`, state);
      for (const { schedule, state } of decisions.schedules ?? []) compare(`schedule ${schedule}`, state);
      for (const { node, state, goneAt } of decisions.nodes) if (goneAt === null) compare(`node ${node}`, state);
      for (const { pool, allocationState } of decisions.pools) if (!deleting.has(pool) && !decisions.gone.pools.includes(pool)) compare(`pool ${pool}`, allocationState);
      // Their tasks go with them.
      for (const job of decisions.gone.jobs) for (const task of tables().jobs.get(job)?.tasks.keys() ?? []) states.delete(`task ${job}.${task}`);
    },
    /** All that is there was told of, and nothing else. */
    onEnd: (): void => {
      const { pools, jobs, schedules, nodes } = tables();
      const there = new Set([...pools.keys()].map((pool) => `pool ${pool}`));
      for (const [schedule, { status }] of schedules) if (status !== null) there.add(`schedule ${schedule}`);
      for (const [node, { status }] of nodes) if (status.goneAt === null) there.add(`node ${node}`);
      for (const [job, { status, tasks }] of jobs) {
        if (status !== null) there.add(`job ${job}`);
        for (const task of tasks.keys()) if (task <= (status?.ingested ?? 0)) there.add(`task ${job}.${task}`);
      }
      for (const name of there) if (!states.has(name)) violated(`${name} is there, and nobody was told`);
      for (const name of states.keys()) if (!there.has(name)) violated(`${name} was told of last as ${states.get(name)}, and is not there`);
    },
  };
}

function nameOf(transition: Transition): string {
  if ('task' in transition) return `task ${transition.job}.${transition.task}`;
  if ('node' in transition) return `node ${transition.node}`;
  if ('pool' in transition) return `pool ${transition.pool}`;
  return 'job' in transition ? `job ${transition.job}` : `schedule ${transition.schedule}`;
}

function isGone({ gone }: TickCommit['decisions'], job: number, task: number): boolean {
  return gone.jobs.includes(job) || gone.tasks.some((one) => one.job === job && one.task === task);
}
