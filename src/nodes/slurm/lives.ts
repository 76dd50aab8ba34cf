import { isDeepStrictEqual } from 'node:util';
import type { NodeObservation } from '../../core/events.ts';
import type { NodeNumber } from '../../core/keys.ts';
import type { Observation } from '../provider.ts';
import { type NodeLife, nodeOfJob } from './jobNames.ts';
import type { QueuedJob } from './queue.ts';
import { endOf, type JobMeaning, meaningOf, pendingSentence, runningObservation } from './states.ts';

/** A life that has a job, as the queue had it last. */
export interface LifeWithJob extends NodeLife {
  readonly job: QueuedJob;
  readonly meaning: JobMeaning;
}

export interface LivesOptions {
  /** Whose jobs they are: see `ownerOf`. */
  readonly owner: string;
  /** How long a lease is, and what is waited beyond it: then an agent of a lost machine has ended itself. */
  readonly leaseOverMs: number;
  readonly drainMs: number;
  /** Whether a life has not been released, whoever asked for it. */
  readonly isKnown: (life: NodeLife) => boolean;
  /** Whether its agent has left word that it ended. */
  readonly hasEnded: (life: NodeLife) => boolean;
}

/** A look at the queue. */
export interface Look {
  readonly jobs: readonly QueuedJob[];
  /** Machines that do not answer Slurm. */
  readonly silentHosts: ReadonlySet<string>;
  /** When it was begun, on a clock that only grows. */
  readonly askedAt: number;
  /** The time of day, as the controller has it. */
  readonly now: number;
  /** How long Slurm waits from SIGTERM to SIGKILL. */
  readonly killWaitMs: number;
}

const ASKED: NodeObservation = { kind: 'pending', reason: 'Slurm is asked for its job.' };

/** What is in memory of the nodes of a cluster: the queue decides, this compares. It has no I/O of its own. */
export interface Lives {
  /** A life is asked for. */
  ask(life: NodeLife): readonly Observation[];
  isAsked(life: NodeLife): boolean;
  /** Slurm has taken the job: a look that begins later finds it. */
  answered(life: NodeLife, at: number): void;
  /** It was called off, or Slurm refused it. */
  callOff(life: NodeLife): void;
  /** Ended ones whose machine has to be asked whether it answers. */
  newlyOver(jobs: readonly QueuedJob[]): readonly string[];
  /** Returns what is new. */
  takeIn(look: Look): readonly Observation[];
  get(life: Pick<NodeLife, 'node' | 'life'>): LifeWithJob | undefined;
  /** Of a node, up to this life. */
  upTo(node: NodeNumber, life: number): readonly LifeWithJob[];
  isReplaced(life: Pick<NodeLife, 'node' | 'life'>): boolean;
  forget(node: NodeNumber, life: number): void;
  /** What was said last of each, as long as it is not forgotten. */
  all(): readonly Observation[];
  /** Nodes that are asked for, or have a job that is not over. */
  readonly count: number;
}

export function createLives({ owner, leaseOverMs, drainMs, isKnown, hasEnded }: LivesOptions): Lives {
  const held = new Map<string, LifeWithJob>();
  /** When Slurm took the job; null: it has not answered. */
  const asked = new Map<string, { readonly life: NodeLife; readonly answeredAt: number | null }>();
  const told = new Map<string, Observation>();
  /** Whose machine Slurm has lost: since when. */
  const unproved = new Map<string, number>();
  /** The last job of each life in the last look; and up to which job a life that is asked for again has none. */
  let orders: ReadonlyMap<string, number> = new Map();
  const jobsBefore = new Map<string, number>();
  /** Over, and released: Slurm shows them for some time. */
  const released = new Set<string>();

  /** null: nothing new. */
  const say = ({ node, life }: NodeLife, observed: NodeObservation): readonly Observation[] => {
    const key = lifeKey({ node, life });
    const before = told.get(key)?.observed;
    // How long it is from now changes all the time: notice is given once.
    if (before?.kind === observed.kind && (observed.kind === 'preempting' || isDeepStrictEqual(before, observed))) return [];
    const observation = { node, life, observed };
    told.set(key, observation);
    return [observation];
  };

  /** A death on a machine that does not answer is none yet. */
  const proved = (one: LifeWithJob, { silentHosts, askedAt }: Look): LifeWithJob => {
    const key = lifeKey(one);
    const known = held.get(key);
    if (known !== undefined && isOver(known)) return known;
    const isDoubtful = one.meaning === 'unproved' || unproved.has(key) || (isOver(one) && one.job.hosts !== '' && silentHosts.has(one.job.hosts));
    if (!isDoubtful) return one;
    const since = unproved.get(key) ?? askedAt;
    unproved.set(key, since);
    const isDead = hasEnded(one) || askedAt - since > leaseOverMs;
    return { ...one, meaning: isDead ? 'ended' : 'unproved' };
  };

  const sayOf = (one: LifeWithJob, look: Look): readonly Observation[] => {
    const observed = observationOf(one, look, drainMs);
    return observed === null ? [] : say(one, observed);
  };

  /** Slurm forgets jobs some time after their end, and those that never ran at once. */
  const gone = (key: string, one: LifeWithJob, askedAt: number): readonly Observation[] => {
    if (isOver(one)) {
      // Of an account that another process owns, which has released it.
      if (!isKnown(one)) for (const map of [held, told, unproved]) map.delete(key);
      return [];
    }
    const since = unproved.get(key);
    if (since !== undefined && !hasEnded(one) && askedAt - since <= leaseOverMs) return [];
    held.set(key, { ...one, meaning: 'ended' });
    return say(one, { kind: 'ended', reason: 'Slurm does not have its job any more' });
  };

  return {
    ask: (life) => {
      asked.set(lifeKey(life), { life, answeredAt: null });
      const before = orders.get(lifeKey(life));
      if (before !== undefined) jobsBefore.set(lifeKey(life), before);
      for (const one of [held, told, unproved, released]) one.delete(lifeKey(life));
      return say(life, ASKED);
    },
    isAsked: (life) => asked.has(lifeKey(life)),
    answered: (life, at) => {
      if (asked.has(lifeKey(life))) asked.set(lifeKey(life), { life, answeredAt: at });
    },
    callOff: (life) => {
      if (!asked.delete(lifeKey(life))) return;
      if (!held.has(lifeKey(life))) told.delete(lifeKey(life));
    },
    newlyOver: (jobs) => {
      const over = [...latest(owner, jobs)].filter(([key, one]) => isOver(one) && one.job.hosts !== '' && !released.has(key) && !isOverAlready(held.get(key)) && isKnown(one) && !hasEnded(one));
      return [...new Set(over.map(([, one]) => one.job.hosts))];
    },
    takeIn: (look) => {
      const all = latest(owner, look.jobs);
      orders = new Map([...all].map(([key, one]) => [key, one.job.order]));
      for (const key of jobsBefore.keys()) if (!all.has(key)) jobsBefore.delete(key);
      // The job before of a life says nothing once it is to have another one.
      const seen = new Map([...all].filter(([key, one]) => one.job.order > (jobsBefore.get(key) ?? 0) && one.job.order >= (held.get(key)?.job.order ?? 0)));
      const news: Observation[] = [];
      for (const [key, one] of seen) {
        const now = proved(one, look);
        if ((isOver(now) || now.meaning === 'unproved') && !held.has(key) && (released.has(key) || !isKnown(one))) {
          released.add(key);
          unproved.delete(key);
          continue;
        }
        held.set(key, now);
        asked.delete(key);
        news.push(...sayOf(now, look));
      }
      for (const [key, one] of held) if (!seen.has(key)) news.push(...gone(key, one, look.askedAt));
      for (const key of released) if (!seen.has(key)) released.delete(key);
      for (const [key, { life, answeredAt }] of asked) {
        if (answeredAt === null || answeredAt > look.askedAt) continue;
        asked.delete(key);
        news.push(...say(life, { kind: 'ended', reason: 'Slurm does not have its job' }));
      }
      return news;
    },
    get: (life) => held.get(lifeKey(life)),
    upTo: (node, life) => [...held.values()].filter((one) => one.node === node && one.life <= life),
    isReplaced: ({ node, life }) => [...held.values()].some((one) => one.node === node && one.life > life),
    forget: (node, life) => {
      for (const [key, one] of told) {
        if (one.node !== node || one.life > life) continue;
        const known = held.get(key);
        if (known !== undefined) released.add(key);
        for (const map of [held, asked, told, unproved, jobsBefore]) map.delete(key);
      }
    },
    all: () => [...told.values()],
    get count() {
      const there = [...held.values()].filter((one) => !isOver(one));
      return new Set([...there, ...[...asked.values()].map(({ life }) => life)].map(({ node }) => node)).size;
    },
  };
}

export function lifeKey({ node, life }: Pick<NodeLife, 'node' | 'life'>): string {
  return `${node}.${life}`;
}

export function isOver({ meaning }: Pick<LifeWithJob, 'meaning'>): boolean {
  return meaning === 'ended' || meaning === 'preempted' || meaning === 'failed';
}

function isOverAlready(one: LifeWithJob | undefined): boolean {
  return one !== undefined && isOver(one);
}

/** null: nothing is to be said of it yet. */
function observationOf(one: LifeWithJob, { now, killWaitMs }: Look, marginMs: number): NodeObservation | null {
  const { job, meaning } = one;
  switch (meaning) {
    case 'pending':
      return { kind: 'pending', reason: pendingSentence(job) };
    case 'running':
      return runningObservation(job, one, { now, marginMs });
    case 'ends':
      return job.preemptedAt === null || one.priority === 'dedicated' ? null : runningObservation({ ...job, endsAt: now + killWaitMs }, one, { now, marginMs });
    case 'unproved':
      return null;
    case 'ended':
    case 'preempted':
    case 'failed':
      return endOf(meaning, job, one);
  }
}

/** Of several jobs of one life the one that lives, else the last. */
function latest(owner: string, jobs: readonly QueuedJob[]): ReadonlyMap<string, LifeWithJob> {
  const found = new Map<string, LifeWithJob>();
  for (const job of jobs) {
    const life = nodeOfJob(owner, job.name, job.index);
    if (life === null) continue;
    const one = { ...life, job, meaning: meaningOf(job) };
    const other = found.get(lifeKey(life));
    if (other === undefined || (isOver(other) && !isOver(one)) || (isOver(other) === isOver(one) && other.job.order < job.order)) found.set(lifeKey(life), one);
  }
  return found;
}
