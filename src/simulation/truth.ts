import type { GangWork } from '../agent/frames.ts';
import type { AttemptOutcome } from '../core/events.ts';
import { type AttemptKey, type Instant, type JobNumber, type JobTaskKey, type NodeNumber, attemptName, jobTaskName } from '../core/keys.ts';

/** What really happened on the nodes, whoever knows of it: the checks hold the database's word against it. */
export interface Attempt {
  readonly key: AttemptKey;
  readonly node: NodeNumber;
  readonly life: number;
  readonly slots: number;
  readonly startedAt: Instant;
  /** null: it runs. */
  end: { readonly at: Instant; readonly outcome: AttemptOutcome } | null;
}

export interface Truth {
  started(attempt: Omit<Attempt, 'end'>): void;
  ended(key: AttemptKey, at: Instant, outcome: AttemptOutcome): void;
  /** What an instance that has just started was told of the others. */
  told(key: AttemptKey, gang: GangWork): void;
  /** The coordination command of the instance has succeeded. */
  coordinated(key: AttemptKey): void;
  /** The primary runs its command line. */
  proceeded(key: AttemptKey): void;
  /** Instances of the attempt whose coordination commands have succeeded. */
  coordinatedOf(key: AttemptKey): ReadonlySet<number>;
  /** What the first instance of the attempt that started was told. */
  gangOf(key: AttemptKey): GangWork | undefined;
  jobTaskStarted(key: JobTaskKey, node: NodeNumber): void;
  jobTaskEnded(key: JobTaskKey, node: NodeNumber, life: number, outcome: AttemptOutcome): void;
  /** The life of the node in which the job's preparation, or release, has succeeded last. */
  succeededIn(job: JobNumber, kind: JobTaskKey['kind'], node: NodeNumber): number | undefined;
  /** What lay on the node is gone. */
  wiped(node: NodeNumber): void;
  /** Whether this run, whatever it came to, has begun on the node. */
  hasBegun(key: JobTaskKey, node: NodeNumber): boolean;
  /** Its agent was told that its end is durable, and has forgotten it. */
  acknowledged(key: AttemptKey): void;
  /** Whether this run, whatever it came to, is over on the node. */
  isOver(key: JobTaskKey, node: NodeNumber): boolean;
  attempt(key: AttemptKey): Attempt | undefined;
  /** Attempts that ever ran. */
  attempts(): Iterable<Attempt>;
  /** Attempts that run now, of all nodes. */
  readonly live: ReadonlySet<Attempt>;
  /** Attempts that ever ran. */
  readonly count: number;
}

/** `onStart` is called before the attempt counts as live. */
export function createTruth({ onStart, onProceed, onAcknowledged }: {
  readonly onStart: (attempt: Omit<Attempt, 'end'>, live: ReadonlySet<Attempt>) => void;
  readonly onProceed: (key: AttemptKey) => void;
  readonly onAcknowledged: (key: AttemptKey) => void;
}): Truth {
  const all = new Map<string, Attempt>();
  const live = new Set<Attempt>();
  const begun = new Set<string>();
  const running = new Set<string>();
  const succeeded = new Map<string, number>();
  const coordinated = new Map<string, Set<number>>();
  const gangs = new Map<string, GangWork>();
  return {
    told: (key, gang) => {
      const name = nameOfAll(key);
      if (!gangs.has(name)) gangs.set(name, gang);
    },
    coordinated: (key) => void coordinated.set(nameOfAll(key), new Set([...(coordinated.get(nameOfAll(key)) ?? []), key.instance])),
    proceeded: onProceed,
    coordinatedOf: (key) => coordinated.get(nameOfAll(key)) ?? new Set(),
    gangOf: (key) => gangs.get(nameOfAll(key)),
    jobTaskStarted: (key, node) => {
      begun.add(nameOn(key, node));
      running.add(nameOn(key, node));
    },
    jobTaskEnded: (key, node, life, outcome) => {
      const { job, kind } = key;
      running.delete(nameOn(key, node));
      if (outcome.kind === 'exited' && outcome.exitCode === 0) succeeded.set(`${job}.${kind} ${node}`, life);
    },
    wiped: (node) => {
      for (const name of succeeded.keys()) if (name.endsWith(` ${node}`)) succeeded.delete(name);
    },
    succeededIn: (job, kind, node) => succeeded.get(`${job}.${kind} ${node}`),
    hasBegun: (key, node) => begun.has(nameOn(key, node)),
    isOver: (key, node) => begun.has(nameOn(key, node)) && !running.has(nameOn(key, node)),
    started: (given) => {
      onStart(given, live);
      const attempt = { ...given, end: null };
      all.set(attemptName(given.key), attempt);
      live.add(attempt);
    },
    ended: (key, at, outcome) => {
      const attempt = all.get(attemptName(key));
      if (attempt === undefined || attempt.end !== null) throw new Error(`attempt ${attemptName(key)} ended without running`);
      attempt.end = { at, outcome };
      live.delete(attempt);
    },
    acknowledged: onAcknowledged,
    attempt: (key) => all.get(attemptName(key)),
    attempts: () => all.values(),
    live,
    get count() {
      return all.size;
    },
  };
}

/** Of the instances of an attempt. */
function nameOfAll(key: AttemptKey): string {
  return attemptName({ ...key, instance: 0 });
}

function nameOn(key: JobTaskKey, node: NodeNumber): string {
  return `${jobTaskName(key)} ${node}`;
}
