import type { JobIntent } from '../core/intent.ts';
import type { OwnerStore } from '../store/ownerStore.ts';

/**
 * A store through which no job of the account has longer than the operator lets it: one that asks for more time, or for
 * no bound, ends at the cap as any other whose `maxWallClockTime` runs out. What clients asked for stays as it is.
 */
export function withJobTimeCap(store: OwnerStore, capMs: number): OwnerStore {
  const capped = <Row extends { readonly intent: JobIntent }>(row: Row): Row => ({ ...row, intent: { ...row.intent, maxWallClockMs: Math.min(capMs, row.intent.maxWallClockMs ?? capMs) } });
  return {
    ...store,
    load: async (account) => {
      const snapshot = await store.load(account);
      return { ...snapshot, jobs: snapshot.jobs.map(capped) };
    },
    readInbox: async (account, limit, also) => {
      const batch = await store.readInbox(account, limit, also);
      return { ...batch, jobs: batch.jobs.map(capped) };
    },
  };
}
