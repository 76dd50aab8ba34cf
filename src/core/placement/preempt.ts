import { askEnd, askRevoke } from '../task/attempts.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Keeping, Live, Node, Pool, Task } from '../model.ts';
import { PREEMPTIONS_PER_DECIDE, QUICK_TASK_MS, safeForMs } from '../tunables.ts';
import { feasibleWithRoom, type Width, widthOf } from './feasible.ts';
import { mayBeKept } from './filters/mayBeKept.ts';
import { waitingBelow } from './outrank.ts';
import { PerWidth } from './perWidth.ts';

/**
 * Tasks of a job with `allowTaskPreemption` make room for tasks of jobs of higher priority: they are ended and go back
 * to their queue, which counts as no retry. That happens for a task that has no slots anywhere now, on a node that may
 * have it otherwise, and to as few as make room: of the jobs of the lowest priority first, then those whose end loses
 * the least (slots times the time they have run).
 *
 * So that no work is begun for nothing again and again, a task that made room before is safe from it for a while each
 * time it runs, longer each time. One that will soon be over, by what tasks on its node take, is waited for.
 */

/** What has to end on a node so that a task has its slots there. */
export interface Plan {
  readonly node: Node;
  readonly victims: readonly Live[];
  /** The highest priority among them; they are sorted by it first. */
  readonly priority: number;
  /** In slot milliseconds. */
  readonly lost: number;
}

/** Finds what could make room during one filling of a pool, in which jobs come by falling priority. */
export class Preempting {
  readonly #state: CoreState;
  readonly #pool: Pool;
  readonly #now: Instant;
  readonly #lowest: number;
  /** By priority, then by width: see `#rankedFor`. */
  readonly #ranked = new Map<number, PerWidth<{ plans: Plan[] | null }>>();
  /** By width, the priority that found nothing: then no lower one does. */
  readonly #refused = new PerWidth<{ priority: number }>(() => ({ priority: Number.NEGATIVE_INFINITY }));
  /** What is to make room and has not been told to, and the slots of tasks that come there from other nodes. */
  readonly #promised = new Map<Node, { readonly victims: Set<Live>; slots: number }>();
  #left = PREEMPTIONS_PER_DECIDE;

  constructor(state: CoreState, pool: Pool, now: Instant) {
    this.#state = state;
    this.#pool = pool;
    this.#now = now;
    let lowest = Number.POSITIVE_INFINITY;
    for (const { intent } of pool.queue.yielding) lowest = Math.min(lowest, intent.priority);
    this.#lowest = lowest;
  }

  /** Whether anything could make room for tasks of this priority. */
  isOpenTo(priority: number): boolean {
    return this.#left > 0 && priority > this.#lowest;
  }

  /**
   * Where a task without slots costs others least; null: nothing can make room for it. `but`: not there, where it waits
   * in vain.
   */
  next(priority: number, task: Width, but: Node | null = null): Plan | null {
    if (!this.isOpenTo(priority)) return null;
    const refused = this.#refused.of(task);
    if (priority <= refused.priority) return null;
    const ranked = this.#rankedFor(priority, task);
    for (let best = ranked.pop(); best !== undefined; best = ranked.pop()) {
      // It may have been carried out, or something else has come to the node.
      const plan = best.node === but ? null : this.#onNode(best.node, priority, task);
      if (plan === null) continue;
      insert(ranked, plan);
      if (!isBetter(best, plan)) return plan;
    }
    refused.priority = priority;
    return null;
  }

  /** What each node has for tasks as wide and of this priority, the best last. */
  #rankedFor(priority: number, task: Width): Plan[] {
    const ofPriority = this.#ranked.get(priority) ?? new PerWidth<{ plans: Plan[] | null }>(() => ({ plans: null }));
    this.#ranked.set(priority, ofPriority);
    const ranked = ofPriority.of(task);
    ranked.plans ??= this.#nodes().flatMap((node) => this.#onNode(node, priority, task) ?? []).sort((one, other) => (isBetter(one, other) ? 1 : -1));
    return ranked.plans;
  }

  #onNode(node: Node, priority: number, task: Width): Plan | null {
    if (task.slots > node.slots || feasibleWithRoom(task, node) !== null) return null;
    return this.on(node, task.slots - this.#roomOn(node, priority), priority);
  }

  /**
   * What would free so many more slots on the node for this priority, besides what is `taken`; null: not so many can be
   * freed.
   */
  on(node: Node, slots: number, priority: number, taken: readonly Live[] = []): Plan | null {
    if (slots > 0 && !this.isOpenTo(priority)) return null;
    const chosen: Live[] = [];
    let freed = 0;
    for (const live of slots > 0 ? this.#victimsOn(node, priority) : []) {
      if (freed >= slots) break;
      if (taken.includes(live)) continue;
      chosen.push(live);
      freed += live.slots;
    }
    if (freed < slots) return null;
    const victims = neededOf(chosen, freed - slots);
    return {
      node,
      victims,
      priority: victims.reduce((highest, { task }) => Math.max(highest, task.job.intent.priority), Number.NEGATIVE_INFINITY),
      lost: victims.reduce((sum, { task }) => sum + lossOf(task, this.#now), 0),
    };
  }

  /** Ends them: they go back to their queues. */
  carryOut({ victims }: Pick<Plan, 'victims'>): void {
    this.#left -= victims.length;
    this.#end(victims);
  }

  /** The plan is for a task that has been offered there: `endReserved` carries it out. */
  reserve({ victims }: Plan): void {
    this.#left -= victims.length;
    for (const { task } of victims) for (const live of task.live) this.#promisedOn(live.node).victims.add(live);
  }

  /**
   * Ends what was reserved, when all tasks have their places: of what was chosen for the first of them some may be
   * spared, since a wider one had to end for the next.
   */
  endReserved(): void {
    for (const [node, { victims }] of this.#promised) {
      const spare = Math.max(0, this.#roomOn(node, Number.NEGATIVE_INFINITY));
      // What runs on several nodes makes room on others as well.
      const together = [...victims].filter(({ task }) => task.live.length > 1);
      const alone = [...victims].filter(({ task }) => task.live.length === 1);
      this.#end([...together, ...neededOf(alone, spare)]);
    }
    this.#promised.clear();
  }

  #end(victims: readonly Live[]): void {
    for (const { task } of victims) {
      for (const live of task.live) {
        if (live.started) askEnd(this.#state, live, 'outranked');
        else askRevoke(this.#state, live, 'outranked');
      }
    }
  }

  /**
   * For a task that nodes are kept for: on as many of them as it still lacks, if that brings it all it needs. Those are
   * there where room is being made already.
   */
  makeRoomTogether({ job, instances, priority }: Keeping): void {
    if (!this.isOpenTo(priority)) return;
    const roomOn = (node: Node): number => this.#roomOn(node, priority + 1);
    const kept = [...this.#pool.nodes].filter((node) => mayBeKept(job, node));
    const lacking = instances - kept.filter((node) => roomOn(node) > 0).length;
    const plans = kept.flatMap((node) => (roomOn(node) > 0 ? [] : (this.on(node, 1 - roomOn(node), priority) ?? [])));
    if (lacking <= 0 || plans.length < lacking) return;
    plans.sort((one, other) => (isBetter(one, other) ? -1 : 1));
    // What is ended of one that ran on several nodes makes room on more than one.
    for (const plan of plans.slice(0, lacking)) if (roomOn(plan.node) <= 0) this.carryOut(plan);
  }

  /** The plan is for a task that has first to be taken back elsewhere. */
  promise({ node, victims }: Plan, slots: number): void {
    this.#left -= 1;
    const promised = this.#promisedOn(node);
    promised.slots += slots;
    for (const live of victims) promised.victims.add(live);
  }

  #promisedOn(node: Node): { readonly victims: Set<Live>; slots: number } {
    const promised = this.#promised.get(node) ?? { victims: new Set(), slots: 0 };
    this.#promised.set(node, promised);
    return promised;
  }

  /**
   * The slots that a task of this priority has on the node once what is being ended there is over and what waits there
   * below it is taken back. All else that waits there is served before it: below zero, for want of slots.
   */
  #roomOn(node: Node, priority: number): number {
    let room = node.free;
    for (const live of node.running) if (live.ending !== null) room += live.slots;
    for (const live of node.offers) if (live.ending !== null || live.revoking !== null) room += live.slots;
    for (const live of waitingBelow(node, priority)) room += live.slots;
    const promised = this.#promised.get(node);
    if (promised !== undefined) for (const live of promised.victims) room += live.slots;
    return room - (promised?.slots ?? 0);
  }

  /** On which something could make room. What is placed meanwhile is of no higher priority than what comes then. */
  #nodes(): readonly Node[] {
    const nodes = new Set<Node>();
    for (const job of this.#pool.queue.yielding) {
      for (const { live } of job.live) for (const { node } of live) if (node.pool === this.#pool) nodes.add(node);
    }
    return [...nodes];
  }

  /** Those first that are to make room first. */
  #victimsOn(node: Node, priority: number): readonly Live[] {
    const promised = this.#promised.get(node)?.victims;
    return [...node.running, ...withSlots(node)]
      .filter((live) => live.task.job.intent.priority < priority && yields(live) && promised?.has(live) !== true && !this.#isSafe(live))
      .sort((one, other) => this.#order(one.task, other.task));
  }

  #order(one: Task, other: Task): number {
    return (
      one.job.intent.priority - other.job.intent.priority ||
      lossOf(one, this.#now) - lossOf(other, this.#now) ||
      one.job.number - other.job.number ||
      one.number - other.number
    );
  }

  #isSafe({ task: { status, live }, node, started }: Live): boolean {
    const { startedAt, requeueCount } = status;
    if (!started || startedAt === null || live.length === 0) return false;
    const isQuick = node.taskMs !== null && node.taskMs < QUICK_TASK_MS;
    const safeUntil = startedAt + Math.max(safeForMs(requeueCount), isQuick ? QUICK_TASK_MS : 0);
    if (safeUntil <= this.#now) return false;
    lookAgain(this.#state, this.#pool, safeUntil, this.#now);
    return true;
  }
}

/**
 * Tasks that wait on a node for slots: what there is of lower priority makes room for them, or, where nothing can but
 * on another node, they are taken back and go there. They were given to the node before anything could make room.
 */
export function preemptForWaiting(state: CoreState, pool: Pool, now: Instant): void {
  const preempting = new Preempting(state, pool, now);
  if (![...pool.offered.keys()].some((priority) => preempting.isOpenTo(priority))) return;
  for (const node of pool.capacity.overcommitted()) serve(state, preempting, node);
}

function serve(state: CoreState, preempting: Preempting, node: Node): void {
  const victims: Live[] = [];
  let room = node.slots;
  for (const live of node.running) if (live.ending === null) room -= live.slots;
  for (const live of node.offers) {
    if (live.revoking !== null || live.ending !== null) continue;
    room -= live.slots;
    if (room >= 0) continue;
    const { task: { job, number, live: instances }, slots } = live;
    const { priority } = job.intent;
    const here = preempting.on(node, -room, priority, victims);
    if (here !== null) {
      victims.push(...here.victims);
      room += slotsOf(here.victims);
      continue;
    }
    const elsewhere = instances.length > 1 ? null : preempting.next(priority, widthOf(job, node.pool, { number, slots }), node);
    // What waits behind it starts after it.
    if (elsewhere === null) {
      room += slots;
      break;
    }
    preempting.promise(elsewhere, slots);
    askRevoke(state, live, 'withdrawn');
    room += slots;
  }
  preempting.carryOut({ victims: neededOf(victims, room) });
}

/** After a wide one, narrow ones that were chosen before it may not be needed. `spare`: so many slots are too many. */
function neededOf(chosen: readonly Live[], spare: number): readonly Live[] {
  let left = spare;
  return chosen.toReversed().filter((live) => {
    const isNeeded = live.slots > left;
    if (!isNeeded) left -= live.slots;
    return isNeeded;
  });
}

function slotsOf(lives: readonly Live[]): number {
  return lives.reduce((sum, { slots }) => sum + slots, 0);
}

/** Its job lets it make room, and it is not on its way out already. */
function yields({ task: { job }, ending, revoking }: Live): boolean {
  return job.yielding !== null && ending === null && revoking === null;
}

/** Offers that the node's agent starts at once, or has started without our knowledge. */
function withSlots({ slots, runningSlots, offers }: Node): readonly Live[] {
  let room = slots - runningSlots;
  return [...offers].filter((live) => {
    room -= live.slots;
    return room >= 0;
  });
}

/** In slot milliseconds, of all its instances. */
function lossOf({ status: { startedAt }, live }: Task, now: Instant): number {
  return startedAt === null ? 0 : live.reduce((sum, { slots }) => sum + slots, 0) * Math.max(0, now - startedAt);
}

function isBetter(plan: Plan, than: Plan): boolean {
  const order = plan.priority === than.priority ? plan.lost - than.lost : plan.priority - than.priority;
  return order === 0 ? plan.node.number < than.node.number : order < 0;
}

/** Keeps the best last. */
function insert(ranked: Plan[], plan: Plan): void {
  let low = 0;
  let high = ranked.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = ranked[middle];
    if (other !== undefined && isBetter(plan, other)) low = middle + 1;
    else high = middle;
  }
  ranked.splice(low, 0, plan);
}

function lookAgain(state: CoreState, pool: Pool, at: Instant, now: Instant): void {
  if (pool.preemptionTimer !== null && pool.preemptionTimer > now && pool.preemptionTimer <= at) return;
  pool.preemptionTimer = at;
  state.timers.set({ at, kind: 'placement', pool: pool.number });
}
