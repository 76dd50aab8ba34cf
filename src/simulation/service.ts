import { nodeCredentials } from '../control/credentials.ts';
import { Owner } from '../control/owner.ts';
import type { OwnerLog } from '../control/ownerOptions.ts';
import { seededRandom } from '../control/journal.ts';
import type { AccountNumber } from '../core/keys.ts';
import type { CreateCore } from '../core/port.ts';
import type { PoolProvider } from '../nodes/provider.ts';
import type { OwnerStore } from '../store/ownerStore.ts';
import type { Host } from './network.ts';
import type { World } from './world.ts';

/** A service process with the production owner in it, turned in virtual time as control/loop.ts turns it in real time. */
export interface Service extends Host {
  readonly process: string;
  readonly owner: Owner;
  /** `kill -9`. */
  crash(): void;
  /** In good order: `leave` (a restart) lets agents and tasks go on, `end` (the service goes down) ends them. */
  stop(agents: 'leave' | 'end'): Promise<void>;
  /** The database does not answer this process for so long; everything else goes on. */
  partition(forMs: number): void;
}

const SWEEP_MS = 1_000;
const HEARTBEAT_MS = 2_000;
const RETRY_MS = 200;
const GRACE_MS = 1_000;
const SECRET = new Uint8Array(32);
/** Clocks of processes differ. */
const SKEW_MS = [-200, 200] as const;

export const startService = (options: {
  readonly world: World;
  readonly account: AccountNumber;
  readonly process: string;
  readonly store: (reach: { readonly isDead: () => boolean; readonly isCutOff: () => boolean }) => OwnerStore;
  readonly provider: PoolProvider;
  readonly createCore: CreateCore;
  readonly log: OwnerLog;
  readonly onError: (error: unknown) => void;
  readonly onFault: (fault: Error) => void;
}): Service => {
  const { world, process } = options;
  let dead = false;
  let started = false;
  let running = false;
  let kicked = false;
  let timer = 0;
  let stopping = false;
  let onIdle: () => void = () => undefined;
  const skewMs = world.between(...SKEW_MS);
  let cutOffUntil = 0;
  const store = options.store({ isDead: () => dead, isCutOff: () => world.now() < cutOffUntil });
  const owner: Owner = new Owner({
    account: { number: options.account, name: 'simulated', url: 'http://simulated' },
    process,
    processUrl: `http://${process}`,
    agentUrl: `ws://${process}`,
    store,
    provider: ofProcess(options.provider, () => dead),
    createCore: options.createCore,
    credentials: nodeCredentials(SECRET),
    sign: (container) => `http://simulated/${container}`,
    clock: () => world.now() + skewMs,
    monotonic: world.now,
    random: seededRandom(world.between(0, 2 ** 32 - 1)),
    onWork: () => kick(),
    onFault: options.onFault,
    onDeposed: () => undefined,
    log: options.log,
  });
  const isOver = (): boolean => dead || stopping || owner.phase === 'ended';

  function kick(): void {
    kicked = true;
    if (!started || running || isOver()) return;
    running = true;
    world.after(0, () => void turn());
  }

  const turn = async (): Promise<void> => {
    while (kicked && !isOver()) {
      kicked = false;
      timer += 1;
      try {
        await owner.tick();
      } catch (error) {
        options.onError(error);
        await world.sleep(RETRY_MS);
        kicked = true;
      }
      if (owner.hasWork()) kicked = true;
    }
    running = false;
    onIdle();
    sleep();
  };

  const sleep = (): void => {
    const due = isOver() ? null : owner.nextTimer();
    if (due === null) return;
    timer += 1;
    const mine = timer;
    world.after(due - world.now() - skewMs, () => {
      if (timer === mine) kick();
    });
  };

  const every = (ms: number, happen: () => void): void => {
    if (isOver()) return;
    happen();
    world.after(ms, () => every(ms, happen));
  };

  const start = async (): Promise<void> => {
    try {
      await owner.start();
    } catch (error) {
      options.onError(error);
      world.after(RETRY_MS, () => {
        if (!isOver()) void start();
      });
      return;
    }
    started = true;
    every(SWEEP_MS, () => owner.attend());
    every(HEARTBEAT_MS, () => void owner.beat().catch(options.onError));
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
      if (running) await new Promise<void>((resolve) => (onIdle = resolve));
      try {
        await (agents === 'end' ? owner.shutDown(GRACE_MS) : owner.stop());
      } catch (error) {
        options.onError(error);
      }
      dead = true;
    },
    partition: (forMs) => {
      cutOffUntil = world.now() + forMs;
    },
  };
};

/** The engine outlives the process; what the process asked of it before it died is done. */
const ofProcess = (provider: PoolProvider, isDead: () => boolean): PoolProvider => ({
  ...provider,
  list: async () => {
    const listed = await provider.list();
    return isDead() ? new Promise(() => {}) : listed;
  },
  watch: (callback) =>
    provider.watch((observation) => {
      if (!isDead()) callback(observation);
    }),
});
