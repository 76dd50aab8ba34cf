/** What `POST /linarite/simulations` answers (docs/simulate.md), of which `linarite simulate` prints the same. */

/** What came of a load on a pool. */
export interface SimulationOutcome {
  /** From the first arrival to the last end; null: no task has ended. */
  readonly makespanMs: number | null;
  /** From the beginning to the end of the simulation: nodes cost so long. */
  readonly spanMs: number;
  readonly tasks: SimulatedTasks;
  /** From arrival to the first start, of the tasks that started; null: none did. */
  readonly waiting: SimulatedWaiting | null;
  readonly dedicated: NodeUse;
  readonly lowPriority: NodeUse;
  /** Slots of nodes that were there, and what filled them. */
  readonly slots: { readonly thereMs: number; readonly busyMs: number; readonly lostMs: number };
  /** Of the time of all nodes that in which nothing ran on them. */
  readonly idleNodeMs: number;
  readonly formula: { readonly runs: number; readonly problems: readonly SimulatedProblem[] } | null;
  readonly resizeErrors: readonly SimulatedProblem[];
  readonly series: SimulatedSeries;
}

interface SimulatedTasks {
  readonly all: number;
  readonly succeeded: number;
  readonly failed: number;
  /** That had not ended when the simulation did; of those so many never started. */
  readonly unfinished: number;
  readonly neverStarted: number;
  /** Runs again after one that failed. */
  readonly retries: number;
  /** Runs that were ended before their time, with their node or to make room. */
  readonly cutShort: number;
}

export interface SimulatedWaiting {
  readonly meanMs: number;
  readonly medianMs: number;
  readonly p90Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

interface NodeUse {
  /** Of all nodes of the kind together, from the end of their boot to their removal. */
  readonly nodeMs: number;
  readonly most: number;
  /** How often one came, and how often one was taken away. */
  readonly boots: number;
  readonly preemptions: number;
}

/** Something that went wrong, by its first time. */
export interface SimulatedProblem {
  readonly message: string;
  readonly times: number;
  readonly firstMs: number;
}

/** What is drawn over time, at one moment. */
export interface SimulatedMoment {
  readonly targetDedicated: number;
  readonly targetLowPriority: number;
  /** Nodes that are there, from the end of their boot on. */
  readonly dedicated: number;
  readonly lowPriority: number;
  /** Tasks that wait. */
  readonly waiting: number;
  readonly running: number;
}

/** A number for each step of time, from the beginning on. */
export interface SimulatedSeries extends Readonly<Record<keyof SimulatedMoment, readonly number[]>> {
  readonly stepMs: number;
}

/** US dollars; null: the price of a kind of node that there was is not known. */
export interface SimulatedCost {
  readonly dedicated: number | null;
  readonly lowPriority: number | null;
  readonly total: number | null;
}

interface NodeUseInHours extends Omit<NodeUse, 'nodeMs'> {
  readonly nodeHours: number;
}

/** A pool, and what came of the load on it. Shares are parts of 1; null: there were no nodes, or nothing ran. */
export interface SimulatedPool extends Omit<SimulationOutcome, 'dedicated' | 'lowPriority'> {
  readonly name: string;
  /** Where it comes from: a pool of the account, that of the job, the first with another formula, or a definition. */
  readonly form: 'pool' | 'job' | 'formula' | 'rest' | 'arm' | 'az';
  readonly vmSize: string;
  readonly taskSlotsPerNode: number;
  readonly dedicated: NodeUseInHours;
  readonly lowPriority: NodeUseInHours;
  readonly utilisation: number | null;
  readonly lostShare: number | null;
  readonly idleShare: number | null;
  readonly cost: SimulatedCost;
  /** Sentences on what a user should know besides. */
  readonly notes: readonly string[];
}

export interface Simulation {
  /** For people: `3,000 tasks`, `job render`. */
  readonly load: string;
  readonly seed: number;
  /** A clause each. */
  readonly assumed: readonly string[];
  /** ISO 8601. */
  readonly startsAt: string;
  readonly pools: readonly SimulatedPool[];
}
