import { NoRoom, type OwnerStore, type TickCommit } from '../store/ownerStore.ts';
import type { Faults } from './faults.ts';
import type { World } from './world.ts';

/** The database as one process reaches it. */
export interface Reach {
  /** The process is dead: nothing comes back to it any more. */
  readonly isDead: () => boolean;
  /** The database answers nobody. */
  readonly isAway: () => boolean;
  /** The database finds no room. Small writes do now and then. */
  readonly isFull: () => boolean;
  /** It said so, to an owner that wanted to claim or to commit. */
  readonly onNoRoom: () => void;
  readonly faults: () => Faults;
}

/** A store over a network that delays and loses, as the process at this end sees it. */
export function faultyStore(world: World, inner: OwnerStore, reach: Reach): OwnerStore {
  const delay = (): Promise<void> => world.sleep(world.between(...reach.faults().storeMs));
  const never = new Promise<never>(() => {});
  const answer = async <T>(value: T): Promise<T> => (reach.isDead() ? never : value);
  const fail = (message: string): Promise<never> => (reach.isDead() ? never : Promise.reject(new Error(message)));

  const refuse = (): Promise<never> => {
    if (reach.isDead()) return never;
    reach.onNoRoom();
    return Promise.reject(new NoRoom('could not extend file "base/1/2": No space left on device'));
  };

  const ask = async <T>(question: () => Promise<T>): Promise<T> => {
    await delay();
    if (reach.isDead()) return never;
    if (reach.isAway() || world.chance(reach.faults().queryFails)) return fail('the database is away');
    const outcome = await settled(question());
    await delay();
    if (reach.isAway()) return fail('the database went away');
    return answer(unwrap(outcome));
  };

  const commit = async (given: TickCommit): ReturnType<OwnerStore['commit']> => {
    const tick = copied(given);
    await delay();
    if (reach.isAway() || world.chance(reach.faults().commitFails)) return fail('the database is away');
    if (reach.isFull()) return refuse();
    if (world.chance(reach.faults().commitUnknown)) {
      // The first of three is no rarer than the others: it is the one that a second claim has to shut out.
      const fate = world.pick(['late', 'applied', 'not applied'] as const);
      if (fate === 'late') world.after(world.between(1, 2_000), () => void settled(inner.commit(tick)));
      if (fate === 'applied') await settled(inner.commit(tick));
      await delay();
      return fail('the connection was lost during the commit');
    }
    // A process that died after sending has its commit all the same, half of the time.
    if (reach.isDead() && world.chance(0.5)) return never;
    const outcome = await settled(inner.commit(tick));
    await delay();
    if (reach.isAway()) return fail('the connection was lost during the commit');
    return answer(unwrap(outcome));
  };

  return {
    claim: (account, process, url) => (reach.isFull() && world.chance(0.5) ? refuse() : ask(() => inner.claim(account, process, url))),
    heartbeat: (process) => ask(() => inner.heartbeat(process)),
    resign: (account, process) => ask(() => inner.resign(account, process)),
    load: (account) => ask(() => inner.load(account)),
    readInbox: (account, limit, also) => ask(() => inner.readInbox(account, limit, also)),
    readTasks: (job, after, limit) => ask(() => inner.readTasks(job, after, limit)),
    readSatisfied: (job, among) => ask(() => inner.readSatisfied(job, among)),
    commit,
    readJobSpecs: (jobs) => ask(() => inner.readJobSpecs(jobs)),
    readKnownJobs: (jobs) => ask(() => inner.readKnownJobs(jobs)),
    readPoolSpecs: (pools) => ask(() => inner.readPoolSpecs(pools)),
    readQuarantine: (account) => ask(() => inner.readQuarantine(account)),
  };
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };
function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  return promise.then((value) => ({ value }), (error: unknown) => ({ error }));
}
function unwrap<T>(outcome: Settled<T>): T {
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** What goes on the wire is a copy: the rules go on while the commit is under way. */
function copied(tick: TickCommit): TickCommit {
  const { decisions } = tick;
  return {
    ...tick,
    decisions: {
      ...decisions,
      tasks: decisions.tasks.map((task) => ({ ...task })),
      jobs: decisions.jobs.map((job) => ({ ...job, tasks: { ...job.tasks }, slots: { ...job.slots } })),
      pools: decisions.pools.map((pool) => ({ ...pool, resizeErrors: [...pool.resizeErrors] })),
      nodes: decisions.nodes.map((node) => ({ ...node, recentTasks: [...node.recentTasks] })),
      jobNodes: decisions.jobNodes.map((row) => ({ ...row })),
      gone: { tasks: [...decisions.gone.tasks], jobs: [...decisions.gone.jobs], pools: [...decisions.gone.pools] },
      satisfied: [...decisions.satisfied],
      guards: decisions.guards.map((guard) => ({ ...guard, otherwise: { ...guard.otherwise } })),
    },
  };
}
