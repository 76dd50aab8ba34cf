import type { OwnerStore } from '../store/ownerStore.ts';
import type { LoopTime } from './loop.ts';
import type { Owner } from './owner.ts';

const HEARTBEAT_MS = 2_000;

/** Whose process beats. */
export interface HeartbeatOptions {
  /** Those that have not ended; asked before each beat. */
  readonly owners: () => readonly Pick<Owner, 'beginBeat'>[];
  readonly store: Pick<OwnerStore, 'heartbeat'>;
  readonly process: string;
  /** Also without any account: the process is one of several. */
  readonly always?: boolean;
}

/**
 * Says once, for all owners of the process, that it lives, and tells each of them which accounts the process has.
 * Throws what the store throws.
 */
export async function beat({ owners, store, process, always = false }: HeartbeatOptions): Promise<void> {
  const heard = owners().map((owner) => owner.beginBeat());
  if (heard.length === 0 && !always) return;
  const owned = await store.heartbeat(process);
  for (const hear of heard) hear(owned);
}

/** Beats often enough that one which is lost costs nothing, until it is stopped. */
export function runHeartbeat(options: HeartbeatOptions, time: LoopTime, onError: (error: unknown) => void): { stop(): void } {
  let cancel = time.after(HEARTBEAT_MS, function again() {
    void beat(options).catch(onError);
    cancel = time.after(HEARTBEAT_MS, again);
  });
  return { stop: () => cancel() };
}
