import { type Enclosure, killAllHeld, marksNetsOf, membersHeld, removeNet } from './nets.ts';
import { createProcessSearch, type FoundProcess, type ProcessSearch } from './processes.ts';

/**
 * Kills what is in enclosures, with one look at the machine's processes for all that die at the same time: each look
 * costs milliseconds of the agent's one thread.
 */
export interface Sweeper {
  /**
   * Sends SIGTERM once to each process that is there soon after, but for the leaders of known groups: they are ours.
   * What becomes of it nobody looks at: `kill` follows.
   */
  terminate(enclosure: Enclosure): void;
  /**
   * Kills until nothing is left: in nets that hold their processes, then what is found by process groups and marks.
   * Resolves false if something is still there after `limitMs` (a process inside an uninterruptible system call).
   */
  kill(enclosure: Enclosure, limitMs?: number): Promise<boolean>;
  /** The values that the variable `name` has in living processes with the node's mark. */
  valuesOf(mark: string, name: string): ReadonlySet<string>;
}

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
const DEFAULT_LIMIT_MS = 10_000;

interface Dying {
  readonly enclosure: Enclosure;
  readonly deadline: number;
  readonly resolve: (isGone: boolean) => void;
  isNew: boolean;
  /** Until the next round. */
  pauseMs: number;
  /** Killed and not yet seen gone. */
  killed: readonly FoundProcess[];
}

/**
 * Rounds: those in control groups that still hold somebody are killed there; once none of these is left (or they have
 * taken long) the others are looked for by their marks, all in one look. What a look found and killed is waited for one
 * by one; then a further look has to find nothing.
 */
export function createSweeper(search: ProcessSearch = createProcessSearch()): Sweeper {
  const dying = new Set<Dying>();
  const warned: Enclosure[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isDue = false;

  const soon = (): void => {
    if (isDue) return;
    isDue = true;
    // What is to die in the same turn of the event loop dies in one round.
    setImmediate(round);
  };

  const round = (): void => {
    isDue = false;
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (warned.length > 0) terminateAll(warned.splice(0), search);
    const now = performance.now();
    const enclosed = new Set([...dying].filter(({ enclosure }) => killAllHeld(enclosure)));
    const isHurried = ({ pauseMs }: Dying): boolean => pauseMs >= LONGEST_PAUSE_MS;
    const ready = [...dying].filter((one) => !enclosed.has(one) && (isHurried(one) || (!one.killed.some(search.isAlive) && ![...enclosed].some((other) => !isHurried(other)))));
    const left = new Set(killFound(ready, search));
    for (const one of dying) {
      if (ready.includes(one) && !left.has(one)) end(one, true);
      else if (now > one.deadline) end(one, false);
      else one.pauseMs = Math.min(one.pauseMs * 2, LONGEST_PAUSE_MS);
    }
    if (dying.size === 0) return;
    timer = setTimeout(round, Math.min(...[...dying].map(({ pauseMs }) => pauseMs)));
  };

  const end = (one: Dying, isGone: boolean): void => {
    dying.delete(one);
    if (isGone) for (const net of one.enclosure) removeNet(net);
    one.resolve(isGone);
  };

  return {
    terminate: (enclosure) => {
      warned.push(enclosure);
      soon();
    },
    kill: (enclosure, limitMs = DEFAULT_LIMIT_MS) =>
      new Promise((resolve) => {
        dying.add({ enclosure, deadline: performance.now() + limitMs, resolve, isNew: true, pauseMs: FIRST_PAUSE_MS, killed: [] });
        soon();
      }),
    valuesOf: search.valuesOf,
  };
}

/** The sweeper of this process: one look serves all that ends at the same time. */
export const machineSweeper = createSweeper();

/** `Sweeper.kill` of this process's own. */
export const killEnclosure = machineSweeper.kill;

/** In one look for all whose processes no net holds. */
function terminateAll(enclosures: readonly Enclosure[], search: ProcessSearch): void {
  const held = enclosures.map((enclosure) => enclosure.map(membersHeld).find((members) => members !== null) ?? null);
  const hidden = enclosures.filter((_, index) => held[index] === null).flatMap(marksNetsOf);
  const found = hidden.length === 0 ? [] : search.trace(hidden).flatMap((each) => each.map(({ pid }) => pid));
  const ours = new Set(enclosures.flatMap(marksNetsOf).flatMap(({ groups }) => groups));
  for (const pid of new Set([...held.flatMap((members) => members ?? []), ...found])) if (!ours.has(pid)) signal(pid, 'SIGTERM');
}

/** Kills by groups and marks; those of which something was there. */
function killFound(ready: readonly Dying[], search: ProcessSearch): readonly Dying[] {
  // Once its members are dead the number of a group may be given to a stranger.
  const groups = new Map(ready.map((one) => [one, one.isNew ? marksNetsOf(one.enclosure).flatMap((net) => net.groups) : []]));
  // Stopped first, so that what forks without end holds still while we look, and children can be found by parents that
  // still live.
  for (const numbers of groups.values()) for (const group of numbers) signal(-group, 'SIGSTOP');
  const marksOf = ({ enclosure }: Dying): readonly string[] => marksNetsOf(enclosure).flatMap(({ marks }) => marks);
  const marked = ready.filter((one) => marksOf(one).length > 0);
  const found = marked.length === 0 ? [] : search.find(marked.map(marksOf));
  return ready.filter((one) => {
    one.isNew = false;
    const isMarked = marked.includes(one);
    one.killed = isMarked ? (found[marked.indexOf(one)] ?? []) : [];
    const isInGroup = (groups.get(one) ?? []).map((group) => signal(-group, 'SIGKILL')).includes(true);
    const isThere = one.killed.map(({ pid }) => signal(pid, 'SIGKILL')).includes(true);
    // A group whose leader is dead and not yet reaped still takes signals, so it says nothing where the marks can be
    // looked up.
    return isThere || (isInGroup && !isMarked);
  });
}

/** A negative number names a process group. False: there is none of that number, or it is not ours to signal. */
function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
