import { nodeCredentials } from '../control/credentials.ts';
import { taskTokens } from '../control/taskTokens.ts';
import { runHeartbeat } from '../control/heartbeat.ts';
import { type LoopTime, type OwnerLoop, runLoop } from '../control/loop.ts';
import { Owner } from '../control/owner.ts';
import type { OwnerLog } from '../control/ownerOptions.ts';
import type { StoryOptions } from '../control/story/story.ts';
import { seededRandom } from '../control/journal.ts';
import { steadyClock } from '../control/steadyClock.ts';
import type { AccountNumber } from '../core/keys.ts';
import type { CreateCore } from '../core/port.ts';
import type { PoolProvider } from '../nodes/provider.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { Host } from './network.ts';
import type { World } from './world.ts';

/** A service process: the production owner, turned by the production loop in virtual time. */
export interface Service extends Host {
  readonly process: string;
  readonly owner: Owner;
  /** `kill -9`. */
  crash(): void;
  /** In good order: `leave` (a restart) lets agents and tasks go on, `end` (the service goes down) ends them. */
  stop(agents: 'leave' | 'end'): Promise<void>;
  /** The database does not answer this process for so long; everything else goes on. */
  partition(forMs: number): void;
  /** There is room on the disk again, and it looks. */
  roomSeen(): void;
  /** Somebody sets its wall clock. */
  setClock(byMs: number): void;
  /** How often something has gone wrong here that may well keep a caller waiting. */
  readonly disturbances: () => number;
}

const RETRY_MS = 200;
const GRACE_MS = 1_000;
const SECRET = new Uint8Array(32);
/** Clocks of processes differ. */
const SKEW_MS = [-200, 200] as const;

export function startService(options: {
  readonly world: World;
  readonly account: AccountNumber;
  readonly process: string;
  readonly store: (reach: { readonly isDead: () => boolean; readonly isCutOff: () => boolean }) => OwnerStore;
  readonly provider: PoolProvider;
  readonly createCore: CreateCore;
  readonly log: OwnerLog;
  readonly story: StoryOptions;
  readonly onError: (error: unknown) => void;
  readonly onFault: (fault: Error) => void;
}): Service {
  const { world, process } = options;
  let dead = false;
  let stopping = false;
  let disturbances = 0;
  let wallAheadMs = world.between(...SKEW_MS);
  let cutOffUntil = 0;
  let latest = Number.NEGATIVE_INFINITY;
  const store = options.store({ isDead: () => dead, isCutOff: () => world.now() < cutOffUntil });
  const onError = (error: unknown): void => {
    disturbances += 1;
    options.onError(error);
  };
  const time = timeOf(world, () => dead);
  const clock = steadyClock(() => world.now() + wallAheadMs, world.now);
  let loop: OwnerLoop | undefined;
  let heartbeat: ReturnType<typeof runHeartbeat> | undefined;
  const owner: Owner = new Owner({
    account: { number: options.account, name: 'simulated', url: 'http://simulated' },
    process,
    processUrl: `http://${process}`,
    agentUrl: `ws://${process}`,
    store,
    provider: ofProcess(options.provider, () => dead),
    createCore: options.createCore,
    credentials: nodeCredentials(SECRET),
    tokens: taskTokens(SECRET),
    sign: { container: (name) => `http://simulated/${name}`, url: () => null, endpoint: (account) => `http://simulated/${account}` },
    secrets: { open: () => { throw new Error('nothing is sealed in a simulation'); } },
    clock: () => {
      const now = clock();
      if (now < latest) options.onFault(new Error(`the time of ${process} went back from ${latest} to ${now}`));
      latest = now;
      return now;
    },
    monotonic: world.now,
    aheadFrom: 1,
    random: seededRandom(world.between(0, 2 ** 32 - 1)),
    onWork: () => loop?.wake(),
    onFault: options.onFault,
    onDeposed: () => undefined,
    log: {
      ...options.log,
      warn: (fields, message) => {
        disturbances += 1;
        options.log.warn(fields, message);
      },
      error: (fields, message) => {
        disturbances += 1;
        options.log.error(fields, message);
      },
    },
    story: options.story,
  });

  const start = async (): Promise<void> => {
    try {
      await owner.start();
    } catch (error) {
      onError(error);
      time.after(RETRY_MS, () => {
        if (!stopping) void start();
      });
      return;
    }
    if (stopping) return;
    loop = runLoop(owner, { time, onError });
    heartbeat = runHeartbeat({ owners: () => (owner.phase === 'ended' ? [] : [owner]), store, process }, time, onError);
    loop.wake();
  };
  void start();

  return {
    process,
    owner,
    isUp: () => !dead,
    accept: (credential, channel) => {
      const shown = owner.authenticate(credential);
      if (shown === null) return null;
      const { onFrame, onClose } = owner.connect(shown.node, shown.life, channel);
      return { node: shown.node, onFrame, onClose };
    },
    crash: () => {
      dead = true;
    },
    stop: async (agents) => {
      stopping = true;
      heartbeat?.stop();
      await loop?.stop();
      try {
        await (agents === 'end' ? owner.shutDown(GRACE_MS) : owner.stop());
      } catch (error) {
        onError(error);
      }
      dead = true;
    },
    partition: (forMs) => {
      disturbances += 1;
      cutOffUntil = world.now() + forMs;
    },
    roomSeen: () => loop?.roomSeen(),
    setClock: (byMs) => {
      wallAheadMs += byMs;
    },
    disturbances: () => disturbances,
  };
}

/** The engine outlives the process; what the process asked of it before it died is done. */
function ofProcess(provider: PoolProvider, isDead: () => boolean): PoolProvider {
  return {
    ...provider,
    list: async (account) => {
      const listed = await provider.list(account);
      return isDead() ? new Promise(() => {}) : listed;
    },
    watch: (callback) =>
      provider.watch((observation) => {
        if (!isDead()) callback(observation);
      }),
  };
}

/** Nothing happens in a process that is dead. */
function timeOf(world: World, isDead: () => boolean): LoopTime {
  return {
    now: world.now,
    after: (ms, happen) => {
      let called = true;
      world.after(ms, () => {
        if (called && !isDead()) happen();
      });
      return () => {
        called = false;
      };
    },
  };
}
