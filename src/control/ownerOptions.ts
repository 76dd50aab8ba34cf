import type { CoreEvent } from '../core/events.ts';
import type { AccountNumber, Instant } from '../core/keys.ts';
import type { CreateCore, Random } from '../core/port.ts';
import type { PoolProvider } from '../nodes/provider.ts';
import type { CommitNews } from '../ports.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { Secrets } from '../store/sealing.ts';
import type { NodeCredentials } from './credentials.ts';
import type { TurnFigures } from './figures/counted.ts';
import type { LogArchiveOptions } from './logArchive.ts';
import type { SilenceBounds } from './silence.ts';
import type { StoryOptions } from './story/story.ts';
import type { TaskTokenIssuer } from './taskTokens.ts';
import type { BlobNames, Signer } from './work.ts';

export interface OwnerOptions {
  readonly account: { readonly number: AccountNumber; readonly name: string; readonly url: string };
  /** This service process: a UUID, and where other processes reach it. */
  readonly process: string;
  readonly processUrl: string;
  /** Where agents dial in. */
  readonly agentUrl: string;
  readonly store: OwnerStore;
  readonly provider: PoolProvider;
  readonly createCore: CreateCore;
  readonly credentials: NodeCredentials;
  readonly tokens: TaskTokenIssuer;
  readonly sign: Signer;
  /** Opens what specifications and certificates hold in secret, for the frames of agents alone. */
  readonly secrets: Secrets;
  /** Left out: tasks find no blobs by names of the service. */
  readonly blobNames?: BlobNames;
  /** The time of day that the rules and rows go by; never goes back (`steadyClock`). */
  readonly clock: () => Instant;
  /** How far it is ahead of the real time, where users set it; left out: it is the real time. */
  readonly clockOffsetMs?: () => number;
  /**
   * How long an agent goes on that hears from nobody, where the provider could prove its death, but only as long as a
   * process of its machine lives. Left out: for ever.
   */
  readonly agentLeaseMs?: number;
  /**
   * Milliseconds that only grow, whatever is done to the wall clock: what waits for the death of others (leases, the
   * heartbeat's age) is counted by these.
   */
  readonly monotonic: () => number;
  readonly random: Random;
  /** Where files of tasks are kept beyond their nodes; left out: nowhere. */
  readonly archive?: LogArchiveOptions;
  /** How many pools the account may have, where the rules make one; left out: no bound. */
  readonly maxPools?: number;
  /** When agents that do not answer are given up; default: `SILENCE_BOUNDS`. */
  readonly silence?: SilenceBounds;
  /** How often nodes say what they use; default: `MEASURE_EVERY_MS`. */
  readonly measureEveryMs?: number;
  /**
   * How much has to have arrived to be decided while a commit is under way; default: as much as that one took, and
   * `AHEAD_FROM` (`session.ts`).
   */
  readonly aheadFrom?: number;
  /** Called when something has arrived: a tick is due. */
  readonly onWork: () => void;
  /**
   * Called when the rules themselves fail, or decide what the store refuses, which is a fault of ours: the owner has
   * ended, the process should, loudly.
   */
  readonly onFault: (fault: Error) => void;
  /**
   * Called when another process has the account: the owner has ended, and nobody here works on the account any more.
   */
  readonly onDeposed: () => void;
  readonly log: OwnerLog;
  /** Hears what is committed, in its order; must not throw. Left out: nobody does. */
  readonly onCommit?: (news: CommitNews) => void;
  /** Hears how long each turn was, and what it took in. Left out: nobody does. */
  readonly onTurn?: (turn: TurnFigures) => void;
  /** Hears what becomes of pools, nodes, jobs and tasks, and of ticks that take long; undefined: nobody does. */
  readonly story?: StoryOptions;
}

export interface OwnerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Of a tick's inputs, in the message. */
const LONGEST_INPUTS = 32_768;

/** The rules threw: with the beginning of the tick's inputs, which no journal holds since nothing was committed. */
export class RulesFault extends Error {
  constructor(cause: unknown, tick: { readonly now: Instant; readonly seed: number; readonly events: readonly CoreEvent[] }) {
    super(`The rules failed at ${tick.now} with seed ${tick.seed} on ${JSON.stringify(tick.events).slice(0, LONGEST_INPUTS)}`, { cause });
  }
}
