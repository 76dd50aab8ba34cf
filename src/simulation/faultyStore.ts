import { NoRoom, type OwnerStore } from '../store/ownerStore.ts';
import { commitLine } from './commitLine.ts';
import type { Faults } from './faults.ts';
import { settled, unwrap } from './settled.ts';
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

  return {
    claim: (account, process, url) => (reach.isFull() && world.chance(0.5) ? refuse() : ask(() => inner.claim(account, process, url))),
    heartbeat: (process) => ask(() => inner.heartbeat(process)),
    resign: (account, process) => ask(() => inner.resign(account, process)),
    load: (account) => ask(() => inner.load(account)),
    readInbox: (account, limit, also) => ask(() => inner.readInbox(account, limit, also)),
    readTasks: (job, after, limit) => ask(() => inner.readTasks(job, after, limit)),
    readSatisfied: (job, among) => ask(() => inner.readSatisfied(job, among)),
    commit: commitLine(world, inner, reach),
    readJobSpecs: (jobs) => ask(() => inner.readJobSpecs(jobs)),
    readKnownJobs: (jobs) => ask(() => inner.readKnownJobs(jobs)),
    readPackages: (account, applications) => ask(() => inner.readPackages(account, applications)),
    readPoolSpecs: (pools) => ask(() => inner.readPoolSpecs(pools)),
    readQuarantine: (account) => ask(() => inner.readQuarantine(account)),
  };
}
