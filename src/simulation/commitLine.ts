import { NoRoom, type Committed, type OwnerStore, type TickCommit } from '../store/ownerStore.ts';
import type { Reach } from './faultyStore.ts';
import { settled, unwrap, type Settled } from './settled.ts';
import type { World } from './world.ts';

const LOST = 'the connection was lost during the commit';

/** A connection that commits go over, one after another. */
interface Line {
  /** Resolves when the last commit sent has been carried out, or never will be. */
  done: Promise<unknown>;
  /** Resolves when it has been answered. */
  answered: Promise<unknown>;
  /** Nothing is answered over it any more. */
  isBroken: boolean;
  /** Whether what has been sent before it broke is still carried out. */
  getsThrough: boolean;
}

/** What became of a commit. `done`: when nothing more becomes of it. */
interface Fate {
  readonly outcome: Settled<Committed>;
  readonly done: Promise<unknown>;
}

/**
 * The commits of one process on their way to the database. Each is carried out after those before it. One may be
 * refused, and those behind it reach the database all the same; or the connection is lost with all that is on it: of
 * what was sent some first part is carried out, at once or later, and nothing of it is answered but by an error.
 */
export function commitLine(world: World, inner: OwnerStore, reach: Reach): OwnerStore['commit'] {
  const delay = (): Promise<void> => world.sleep(world.between(...reach.faults().storeMs));
  const opened = (): Line => ({ done: Promise.resolve(), answered: Promise.resolve(), isBroken: false, getsThrough: true });
  let line = opened();

  const carryOut = async (on: Line, tick: TickCommit): Promise<Fate> => {
    if (on.isBroken) {
      on.getsThrough &&= world.chance(0.5);
      return failed(LOST, on.getsThrough ? settled(inner.commit(tick)) : undefined);
    }
    if (reach.isAway() || world.chance(reach.faults().commitFails)) {
      on.isBroken = world.chance(0.5);
      return failed('the database is away');
    }
    if (reach.isFull()) return { outcome: { error: new NoRoom('could not extend file "base/1/2": No space left on device') }, done: Promise.resolve() };
    if (world.chance(reach.faults().commitUnknown)) {
      on.isBroken = true;
      // The first of three is no rarer than the others: it is the one that a second claim has to shut out.
      const fate = world.pick(['late', 'applied', 'not applied'] as const);
      if (fate === 'late') return failed(LOST, world.sleep(world.between(1, 2_000)).then(() => settled(inner.commit(tick))));
      if (fate === 'applied') await settled(inner.commit(tick));
      return failed(LOST);
    }
    // A process that died after sending has its commit all the same, half of the time.
    if (reach.isDead() && world.chance(0.5)) {
      on.isBroken = true;
      return failed(LOST);
    }
    return { outcome: await settled(inner.commit(tick)), done: Promise.resolve() };
  };

  return async (given) => {
    const tick = copied(given);
    if (line.isBroken) line = opened();
    const on = line;
    const [doneBefore, answeredBefore] = [on.done, on.answered];
    const reached = delay().then(() => doneBefore).then(() => carryOut(on, tick));
    const answer = reached.then(async ({ outcome }) => {
      await delay();
      await answeredBefore;
      if (reach.isDead()) await new Promise<never>(() => {});
      if (!reach.isAway()) return outcome;
      on.isBroken = true;
      return { error: new Error(LOST) };
    });
    on.done = reached.then(({ done }) => done);
    on.answered = answer;
    const outcome = await answer;
    if ('error' in outcome && outcome.error instanceof NoRoom) reach.onNoRoom();
    return unwrap(outcome);
  };
}

function failed(message: string, done: Promise<unknown> = Promise.resolve()): Fate {
  return { outcome: { error: new Error(message) }, done };
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
      ...(decisions.subtasks === undefined ? null : { subtasks: decisions.subtasks.map((row) => ({ ...row })) }),
      gone: { tasks: [...decisions.gone.tasks], jobs: [...decisions.gone.jobs], pools: [...decisions.gone.pools], schedules: [...(decisions.gone.schedules ?? [])] },
      satisfied: [...decisions.satisfied],
      guards: decisions.guards.map((guard) => ({ ...guard, otherwise: { ...guard.otherwise } })),
    },
  };
}
