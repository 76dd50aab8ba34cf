/** How unlucky a simulation is. Rates are probabilities of one occurrence; 0: never. */
export interface Faults {
  /** A message takes this long, both ends included. */
  readonly messageMs: readonly [number, number];
  readonly storeMs: readonly [number, number];
  /** A commit is refused before it began. */
  readonly commitFails: number;
  /** A commit's answer is lost: it was applied, was not, or will be a little later if the epoch still rules. */
  readonly commitUnknown: number;
  /** Any other question to the store fails. */
  readonly queryFails: number;
  /** A frame arrives twice. */
  readonly frameDoubled: number;
  /** A wake-up of the owner is lost: it finds what was asked when it sweeps. */
  readonly wakeLost: number;
  /** Added tasks are handed over to the owner late: it may have read them by then. */
  readonly handedLate: number;
  /** The engine refuses a node. */
  readonly acquireFails: number;
  /** A machine takes minutes to boot. Left out: never. */
  readonly slowBoots?: number;
  /** A node's start task fails. Left out: never. */
  readonly startTaskFails?: number;
  /** The engine cannot be asked to take a node back. */
  readonly releaseFails: number;
  /** Mean time between such events over the whole simulation, in milliseconds; null: never. */
  readonly every: {
    readonly nodeDies: number | null;
    /** The engine takes some low-priority nodes back, with a notice or without. */
    readonly preemption: number | null;
    /**
     * An agent stops answering, and lives. Nobody could prove it dead where only leases do: its tasks would outlive its
     * lease.
     */
    readonly agentHangs: number | null;
    readonly channelBreaks: number | null;
    readonly ownerReplaced: number | null;
    readonly ownerCrashes: number | null;
    /** In good order, its nodes left running or ended. */
    readonly serviceStops: number | null;
    readonly databaseAway: number | null;
    /** The database finds no room to write. */
    readonly diskFull: number | null;
    /** A process's wall clock is set, forward or back. */
    readonly clockSet: number | null;
  };
}

export const NO_FAULTS: Faults = {
  messageMs: [0, 2],
  storeMs: [0, 2],
  commitFails: 0,
  commitUnknown: 0,
  queryFails: 0,
  frameDoubled: 0,
  wakeLost: 0,
  handedLate: 0,
  acquireFails: 0,
  releaseFails: 0,
  every: { nodeDies: null, preemption: null, agentHangs: null, channelBreaks: null, ownerReplaced: null, ownerCrashes: null, serviceStops: null, databaseAway: null, diskFull: null, clockSet: null },
};

export const MANY_FAULTS: Faults = {
  messageMs: [0, 40],
  storeMs: [0, 25],
  commitFails: 0.01,
  commitUnknown: 0.01,
  queryFails: 0.01,
  frameDoubled: 0.05,
  wakeLost: 0.3,
  handedLate: 0.3,
  acquireFails: 0.1,
  releaseFails: 0.1,
  every: { nodeDies: 4_000, preemption: null, agentHangs: 6_000, channelBreaks: 1_500, ownerReplaced: 25_000, ownerCrashes: 25_000, serviceStops: 30_000, databaseAway: 20_000, diskFull: 30_000, clockSet: 15_000 },
};
